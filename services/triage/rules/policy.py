"""The rules file: which conditions lead to which decision. Reading a text is pure; the file is read elsewhere.

YAML for the list, CEL for the conditions (the Common Expression Language: typed, without loops, with linear regular
expressions), checked as a whole before any of it is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, get_args

import yaml
from cel_expr_python import cel

from shared.events.vocabulary import Priority, TriageDecision

#: Limits of a file: people write some dozens of rules.
RULES_MAX, TEXT_MAX = 500, 256 * 1024

#: What conditions may ask, with its type.
FACTS: Mapping[str, Any] = {
    "category": cel.Type.STRING,
    "comment": cel.Type.STRING,
    "reporter": cel.Type.STRING,
    "reporter_verified": cel.Type.BOOL,
    "reporter_precision": cel.Type.DOUBLE,
    "reporter_reports": cel.Type.INT,
    "source": cel.Type.STRING,
    "defaulted": cel.Type.BOOL,
    "low_fidelity": cel.Type.BOOL,
    "simulation": cel.Type.BOOL,
    "reports": cel.Type.INT,
    "reporters": cel.Type.INT,
    "recipients": cel.Type.INT,
    "verdict": cel.Type.STRING,
    "from_address": cel.Type.STRING,
    "from_domain": cel.Type.STRING,
    "from_name": cel.Type.STRING,
    "reply_to": cel.Type.STRING,
    "subject": cel.Type.STRING,
    "list_id": cel.Type.STRING,
    "language": cel.Type.STRING,
    "size_bytes": cel.Type.INT,
    "hosts": cel.Type.List(cel.Type.STRING),
    "urls": cel.Type.List(cel.Type.STRING),
    "files": cel.Type.List(cel.Type.STRING),
    "defects": cel.Type.List(cel.Type.STRING),
    "spf": cel.Type.STRING,
    "dkim": cel.Type.STRING,
    "dmarc": cel.Type.STRING,
}

PRIORITIES: tuple[Priority, ...] = get_args(Priority)

_KEYS = frozenset({"name", "when", "decision", "priority", "raise", "tags", "reason", "block", "stop"})


class PolicyError(ValueError):
    """A rules file that cannot be used; one line for each fault, with its line number."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    line: int
    when: Any
    decision: TriageDecision | None = None
    priority: Priority | None = None
    raises: int = 0
    tags: tuple[str, ...] = ()
    reason: str = ""
    block: str = ""
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a case, and why, in words for people; the rules that led to it by name."""

    decision: TriageDecision
    priority: Priority
    reasons: tuple[str, ...]
    tags: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of a file."""

    rules: tuple[Rule, ...]
    _env: Any = field(repr=False)

    def decide(self, facts: Mapping[str, object]) -> Decision:
        """Decide about the case that a report belongs to, from the facts that `FACTS` names.

        A condition that fails (an index out of a list) is not true.
        """
        true = list(self._true(facts))
        decision: TriageDecision = next((rule.decision for rule in true if rule.decision), "submit")
        base = PRIORITIES.index(next((rule.priority for rule in true if rule.priority), "normal"))
        reasons = [rule.reason for rule in true if rule.reason]
        if not any(rule.stop for rule in true):
            reasons.insert(0, f"Reported as {str(facts['category']).replace('_', ' ')}.")
            if (count := int(str(facts["reports"]))) > 1:
                reasons.append(f"{count} reports of like mails.")
        return Decision(
            decision,
            PRIORITIES[max(0, min(base + sum(rule.raises for rule in true), len(PRIORITIES) - 1))],
            tuple(dict.fromkeys(reasons)),
            tuple(dict.fromkeys(tag for rule in true for tag in rule.tags)),
            tuple(dict.fromkeys(rule.block for rule in true if rule.block)),
            tuple(rule.name for rule in true),
        )

    def _true(self, facts: Mapping[str, object]) -> Iterator[Rule]:
        activation = self._env.Activation(facts)
        for rule in self.rules:
            if rule.when.eval(activation).value() is True:
                yield rule
                if rule.stop:
                    return


def default_text() -> str:
    """The rules that ship."""
    return files(__package__).joinpath("default.yaml").read_text(encoding="utf-8")


def read_policy(text: str) -> Policy:
    """The policy in a text.

    Raises:
        PolicyError: it is none; every fault is told with its line.
    """
    if len(text) > TEXT_MAX:
        raise PolicyError(f"line 1: more than {TEXT_MAX // 1024} kB are no rules that people keep in order")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"line {line}: this is no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise PolicyError("line 1: this is no YAML") from error
    env = cel.NewEnv(variables=dict(FACTS))
    rules: list[Rule] = []
    faults: list[str] = []
    for node in _nodes(root):
        try:
            rules.append(_rule(node, env))
        except PolicyError as error:
            faults += str(error).splitlines()
    names = [rule.name for rule in rules]
    faults += [
        f"line {rule.line}: another rule has the name {rule.name}"
        for at, rule in enumerate(rules)
        if rule.name in names[:at]
    ]
    if faults:
        raise PolicyError("\n".join(faults))
    return Policy(tuple(rules), env)


def _nodes(root: Any) -> list[Any]:
    """The nodes of the rules."""
    if not isinstance(root, yaml.MappingNode) or [key.value for key, _ in root.value] != ["rules"]:
        raise PolicyError("line 1: a rules file has one key, `rules`, with a list")
    (_, found), *_ = root.value
    if not isinstance(found, yaml.SequenceNode) or len(found.value) > RULES_MAX:
        raise PolicyError(f"{_line(found)}: `rules` is a list of at most {RULES_MAX} rules")
    return list(found.value)


def _rule(node: Any, env: Any) -> Rule:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError(f"line {line}: a rule has `name`, `when` and what follows from it")
    given = {str(key.value): value for key, value in node.value}
    faults = [
        f"{_line(given[key])}: a rule has no `{key}`: it may have {', '.join(sorted(_KEYS))}"
        for key in given.keys() - _KEYS
    ]
    faults += [f"line {line}: a rule needs `{key}`" for key in ("name", "when") if not _text(given.get(key))]
    if faults:
        raise PolicyError("\n".join(faults))
    name = _text(given["name"])
    try:
        return Rule(
            name,
            line,
            _condition(given["when"], env),
            _one_of(given.get("decision"), get_args(TriageDecision)),
            _one_of(given.get("priority"), PRIORITIES),
            _number(given.get("raise")),
            tuple(_text(tag) for tag in given["tags"].value) if "tags" in given else (),
            _text(given.get("reason")),
            _one_of(given.get("block"), ("address", "domain")) or "",
            _text(given.get("stop")).lower() in ("true", "yes"),
        )
    except PolicyError as error:
        raise PolicyError(f"{error} (rule {name})") from error


def _condition(node: Any, env: Any) -> Any:
    text = _text(node)
    try:
        expression = env.compile(text)
    except RuntimeError as error:
        said = next((line for line in str(error).splitlines() if "ERROR" in line), str(error))
        raise PolicyError(f"{_line(node)}: {said.rpartition('ERROR: <input>:')[2]}") from error
    if expression.return_type() != cel.Type.BOOL:
        raise PolicyError(f"{_line(node)}: a condition is true or false, this one is neither")
    return expression


def _one_of(node: Any, words: tuple[Any, ...]) -> Any:
    word = _text(node)
    if node is not None and word not in words:
        raise PolicyError(f"{_line(node)}: {word or 'this'} is none of {', '.join(words)}")
    return word or None


def _number(node: Any) -> int:
    word = _text(node) or "0"
    if word.lstrip("+-") not in ("0", "1", "2", "3"):
        raise PolicyError(f"{_line(node)}: priorities are raised by 1 to 3, or lowered by -1 to -3")
    return int(word)


def _text(node: Any) -> str:
    return str(node.value).strip()[:2000] if isinstance(node, yaml.ScalarNode) else ""


def _line(node: Any) -> str:
    return f"line {node.start_mark.line + 1}"
