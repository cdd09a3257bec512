"""Examples of commands, as `--help` shows them: of a family all, of a command its own."""

EXAMPLES = """
up --data-dir /var/lib/longstop
up --only ingest,triage --redis-url redis://redis.example.org/0
serve submission
report phish.eml --category phishing
report ~/Maildir/.Junk --category junk --folder junk
watch verdicts --since 1h
watch all --json
top --once
export reports --since 30d > reports.csv
export blocks --format jsonl
forget --address ana@example.org
replay --service triage --since 30d --compare
replay --service console --since 0 --into sqlite:///data/console.new.db
doctor --fix
schema events
schema acl
demo
case list --owner none
case show 4f1c
case assign 4f1c eve
case note 4f1c "Asked the bank."
case tag 4f1c --add bank
case merge 4f1c 77aa
case decide 4f1c phishing --comment "A known kit." --notify
case submit 4f1c --comment "Ours: look again."
block add fee@parcel-fee.example --expires 7d --note "Case 4f1c."
block add parcel-fee.example --kind url
block add bob@shop.example --allow --scope ana@example.org
block list --expiring 7
block remove parcel-fee.example
block history parcel-fee.example
block check --from fee@parcel-fee.example
block preview partner.example
block import feed.csv --dry-run
block export --format stix > list.json
rules check rules.yaml
rules test rules.yaml --days 30
dead list --summary
dead show 4f1d
dead replay 4f1d --set data.category='"phishing"'
dead replay --group triage --since 2h --dry-run
dead drop 4f1d
quarantine list --status release_requested
quarantine show 4f1d --save held.eml
quarantine release 4f1d --recipient ana@example.org
quarantine deny 4f1d --all
digest preview --recipient ana@example.org > digest.html
digest send --recipient ana@example.org
purge plan --message-id 1@x.example --from fee@x.example
purge show 4f1c
purge run 4f1c
purge restore 4f1c --reason "A real invoice."
token create siem --role viewer --kind read --expires 90d
token list
token revoke 615cdcfa
webhook add https://siem.example.org/longstop --kind verdict.issued
webhook list
operator add ana --role analyst
operator reset admin
audit list --name ana
audit verify
""".strip().splitlines()


def shown(command: str) -> str | None:
    """The examples of a command or family for the foot of its help; nothing when there are none."""
    lines = [f"  longstop {line}" for line in EXAMPLES if f"{line} ".startswith(f"{command} ")]
    return "\n".join(("\b", "Examples:", *lines)) if lines else None
