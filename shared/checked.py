"""A YAML file that people keep, checked as a whole against a model: every fault is told with its line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.invalid import said

M = TypeVar("M", bound=BaseModel)

#: Longest file, in characters, and faults told at once.
TEXT_MAX, FAULTS_MAX = 1024 * 1024, 50


class FileFault(ValueError):  # noqa: N818 - a fault of somebody's file, not of ours
    """A file that cannot be used; a line for each fault, with its line number."""


def read_checked(path: Path, model: type[M]) -> M:
    """What a file says.

    Raises:
        FileFault: it cannot be read, or it is no such file; every fault is told with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFault(f"{path.name} cannot be read: {type(error).__name__}") from error
    try:
        return checked(text, model)
    except FileFault as error:
        raise FileFault("\n".join(f"{path.name} {line}" for line in str(error).splitlines())) from error


def checked(text: str, model: type[M], context: object = None) -> M:
    """What a text says; an empty one says what the model has by default. `context` is for the model's validators.

    Raises:
        FileFault: it does not fit the model; every fault is told with its line.
    """
    if len(text) > TEXT_MAX:
        raise FileFault(f"line 1: more than {TEXT_MAX // 1024} kB are nothing that people keep in order")
    root = _node(text)
    if faults := list(_misleading(root, set())):
        raise FileFault("\n".join(faults[:FAULTS_MAX]))
    try:
        return model.model_validate(yaml.safe_load(text) if root else {}, context=context)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        if not isinstance(error, ValidationError):
            raise FileFault("line 1: this is no YAML that can be read") from error
        found = sorted({(_line(root, one["loc"]), _words(one)) for one in error.errors()})
        raise FileFault("\n".join(f"line {line}: {words}" for line, words in found[:FAULTS_MAX])) from error


def _node(text: str) -> Any:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileFault(f"line {line}: this is no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FileFault("line 1: this is no YAML") from error
    except RecursionError as error:
        raise FileFault("line 1: this is nested too deeply") from error


def _line(node: Any, where: Sequence[int | str]) -> int:
    """The line of the node that a fault is about, or of the last one on the way that is there."""
    line = node.start_mark.line + 1 if node else 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _words(fault: Any) -> str:
    """A fault in words, naming the place within its entry."""
    place = ".".join(str(step) for step in fault["loc"] if isinstance(step, str))
    if fault["type"] == "extra_forbidden":
        return f"there is no `{place}`"
    return f"{place}: {said(fault)}" if place else said(fault)


def _misleading(node: Any, met: set[int]) -> Iterator[str]:
    """Keys that stand twice in one mapping, of which YAML drops the first; aliases, which can make a small text endless."""
    if id(node) in met:
        yield f"line {node.start_mark.line + 1}: what has a name (`&`) and is used again (`*`) is not read here"
        return
    met.add(id(node))
    if isinstance(node, yaml.MappingNode):
        words = [str(key.value) for key, _ in node.value]
        for place, (key, value) in enumerate(node.value):
            if words[place] in words[:place]:
                yield f"line {key.start_mark.line + 1}: `{words[place]}` stands twice"
            yield from _misleading(value, met)
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _misleading(inner, met)
