"""The quarantine's policy: what recipients may do with a held mail, and how long it waits. Pure.

The first policy that fits binds a copy when it is filed. The terms are those of Microsoft Defender's quarantine policies,
whose three preset sets of permissions are always there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.events.vocabulary import QuarantinePermission, QuarantineReason

#: The longest that a mail may wait, in days.
DAYS_MAX = 365

#: The floor: for these a recipient only asks, whatever a policy says.
NEVER_SELF_RELEASED: frozenset[QuarantineReason] = frozenset({"malware", "phishing_high"})

#: Defender's presets, with its block and submit besides, which its pages offer to nobody without a policy of their own.
PRESETS: Mapping[str, tuple[QuarantinePermission, ...]] = {
    "none": (),
    "limited": ("preview", "headers", "request", "block", "allow", "delete", "submit"),
    "full": ("preview", "headers", "release", "block", "allow", "delete", "submit"),
}

#: What no policy fits is for operators alone.
NO_POLICY = "(none)"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a policy says of one copy."""

    policy: str
    permissions: tuple[QuarantinePermission, ...]
    retention_days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. `reasons` and `recipients` (addresses, and domains as `@example.org`) that are empty fit all."""

    name: str
    reasons: frozenset[str]
    recipients: frozenset[str]
    permissions: tuple[QuarantinePermission, ...]
    retention_days: int

    def fits(self, reason: str, recipient: str) -> bool:
        """Whether it is for this copy."""
        if self.reasons and reason not in self.reasons:
            return False
        return not self.recipients or not self.recipients.isdisjoint({recipient, recipient[recipient.rfind("@") :]})


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of a file."""

    policies: tuple[Policy, ...]

    def bind(self, *, reason: QuarantineReason, recipient: str) -> Bound:
        """What the first policy that fits says, above the floor."""
        address = recipient.lower()
        found = next((policy for policy in self.policies if policy.fits(reason, address)), None)
        if found is None:
            return Bound(NO_POLICY, (), DAYS_MAX)
        permissions = found.permissions
        if reason in NEVER_SELF_RELEASED:
            permissions = tuple("request" if one == "release" else one for one in permissions)
        return Bound(found.name, permissions, found.retention_days)
