"""The settings of the block list."""

from pydantic import Field

from services.blocklist.rules.terms import Policy
from shared.settings import Settings


class BlocklistSettings(Settings):
    """What is listed without asking, and where the gateway's side listens."""

    blocklist_port: int = Field(
        default=8082, ge=0, le=65535, description="HTTP port of the block list: API, check, maps for gateways"
    )
    auto_block: Policy = Field(
        default="confident",
        description="`off`; `confident`: a confident malware or phishing verdict blocks what it proposes, guards "
        "permitting; `ask`: proposals wait in the verdict for an operator",
    )
    auto_block_per_hour: int = Field(
        default=20, ge=0, le=10_000, description="entries that verdicts may make in an hour; beyond, they are refused"
    )
