"""What can be said of a Dockerfile without building it."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

# What a build must never get to see: it would be in the image's layers, or make every build a new one.
KEPT_OUT = [".git/config", ".env", ".venv/bin/python", "target/debug/posthaste", "posthaste.db", "posthaste.key"]


# Where the binary takes the dashboard from that is built into it.
SITE = "dashboard/dist/site"


@dataclass
class Stage:
    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        """The last value of an instruction of which only the last counts; empty when there is none."""
        return next((value for name, value in reversed(self.steps) if name == instruction), "")


def stages(text: str) -> list[Stage]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        if not line.strip():
            continue
        instruction, _, value = line.strip().partition(" ")
        instruction, value = instruction.upper(), value.strip()
        if instruction == "FROM":
            image, *named = value.split()
            name = named[1] if len(named) == 2 and named[0].upper() == "AS" else str(len(found))
            found.append(Stage(image, name))
        elif found:
            found[-1].steps.append((instruction, value))
    return found


def command(value: str) -> list[str]:
    """An instruction's command, which must be in the form that needs no shell; empty when it is not."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return []
    return parsed if isinstance(parsed, list) and all(isinstance(one, str) for one in parsed) else []


def health_command(stage: Stage) -> list[str]:
    _, _, after = stage.last("HEALTHCHECK").partition("CMD ")
    return command(after.strip())


def variables(stage: Stage) -> dict[str, str]:
    pairs = [pair for name, value in stage.steps if name == "ENV" for pair in shlex.split(value)]
    return dict(pair.split("=", 1) for pair in pairs)


def is_ignored(path: str, ignore: str) -> bool:
    """Whether .dockerignore keeps a path out: its last pattern that matches it or a folder above decides."""
    ignored = False
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    for line in ignore.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            pattern = _regex(line.removeprefix("!").strip("/"))
            if any(pattern.fullmatch(one) for one in above):
                ignored = not line.startswith("!")
    return ignored


def _regex(pattern: str) -> re.Pattern[str]:
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(pieces.get(piece) or re.escape(piece) for piece in found))


def faults(text: str, ignore: str, root: Path) -> list[str]:
    found = stages(text)
    if not found:
        return ["there is no stage"]
    said = []
    for place, stage in enumerate(found):
        earlier = {one.name for one in found[:place]} | {str(one) for one in range(place)}
        if stage.image not in earlier and not re.search(r":(?!latest)[^/]+$", stage.image):
            said.append(f"{stage.image} names no version")
        for name, value in stage.steps:
            if name in ("COPY", "ADD"):
                said += _copy_faults(value, earlier, ignore, root)
    if not any(name == "COPY" and value.split()[-1] == SITE for stage in found for name, value in stage.steps):
        said.append(f"nobody puts the dashboard into {SITE}")
    said += _end_faults(found[-1])
    said += [f"{path} is not kept out by .dockerignore" for path in KEPT_OUT if not is_ignored(path, ignore)]
    return said


def _copy_faults(value: str, earlier: set[str], ignore: str, root: Path) -> list[str]:
    words = shlex.split(value)
    flags = dict(word.partition("=")[::2] for word in words if word.startswith("--"))
    *sources, _ = [word for word in words if not word.startswith("--")]
    if "--from" in flags:
        stage = flags["--from"]
        return [] if stage in earlier else [f"COPY --from={stage}: there is no such stage before it"]
    said = []
    for source in sources:
        wanted = _needed(root) if source in (".", "./") else [source.strip("/")]
        for path in wanted:
            if not (root / path).exists():
                said.append(f"COPY {source}: there is no {path}")
            elif is_ignored(path, ignore):
                said.append(f"COPY {source}: .dockerignore keeps {path} out")
    return said


def _needed(root: Path) -> list[str]:
    """What `cargo build` reads: every package's manifest and code, and the files that this code includes."""
    members = re.search(r"^members = \[(.*?)\]", (root / "Cargo.toml").read_text(), re.M | re.S)
    packages = re.findall(r'"([^"]+)"', members[1]) if members else []
    needed = ["Cargo.toml", "Cargo.lock"]
    for package in packages:
        needed.append(f"{package}/Cargo.toml")
        for path in sorted((root / package / "src").rglob("*")):
            if path.is_file():
                needed.append(str(path.relative_to(root)))
            if path.suffix == ".rs" and path.stem != "tests":
                included = re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', path.read_text())
                needed += [str((path.parent / one).resolve().relative_to(root)) for one in included]
    return needed


def _end_faults(last: Stage) -> list[str]:
    said = []
    user = last.last("USER").split(":")[0]
    made = re.findall(r"(?:useradd|adduser)\b[^&|;]*?([a-z_][a-z0-9_-]*)\s*(?:&&|$)", _runs(last))
    if user in ("", "root", "0"):
        said.append("the last stage runs as root")
    elif not user.isdigit() and user not in made:
        said.append(f"nobody made the user {user}")
    if not health_command(last):
        said.append("HEALTHCHECK has no command in the form of a list")
    entry = command(last.last("ENTRYPOINT"))
    if not entry or not command(last.last("CMD")):
        said.append("ENTRYPOINT or CMD is not there, or not in the form of a list")
    copied = [value.split()[-1] for name, value in last.steps if name == "COPY"]
    if entry and not any(one in (f"/usr/local/bin/{entry[0]}", entry[0]) for one in copied):
        said.append(f"the last stage has no {entry[0]}")
    return said


def _runs(stage: Stage) -> str:
    return " && ".join(value for name, value in stage.steps if name == "RUN")
