"""Faults planted one by one in the pricing core, and how many of them its tests find.

    python -m tests.mutate                        what prices a quantity and what divides time
    python -m tests.mutate allowance charging     other modules of billing/core

In a copy, so that no planted fault is ever in the tree. Hypothesis tries eight examples of each law
for each fault; laws that need more to find one leave it alive here.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPY = ROOT / ".demarc" / "mutation"
COPIED = ("billing", "tests", "isp.toml", "plans.toml", "pyproject.toml")
# As much as 25 minutes of two cores can try.
CORE = ("money", "period", "rating", "tax")
FOUND, ALIVE, UNTESTED, HUNG, UNTRIED = "found", "alive", "no test", "too slow", "not tried"
ENDS = {
    1: FOUND, 3: FOUND, 0: ALIVE, 5: UNTESTED, 33: UNTESTED, None: UNTRIED,
    -24: HUNG, 24: HUNG, 36: HUNG, 152: HUNG, 255: HUNG,
}  # fmt: skip


def main(names: Sequence[str]) -> int:
    """Plant, test, print; 0 if the run came to its end, whatever it found."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, COPY / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, COPY / name)
    plant_in(names or CORE)
    command = [str(Path(sys.executable).parent / "mutmut"), "run"]
    with (COPY / "log").open("w") as log:
        ended = subprocess.run(command, cwd=COPY, env=os.environ, stdout=log, stderr=log)
    found = outcomes()
    print("\n".join(told(found)))
    if ended.returncode or not found:
        print(f"mutmut ended with {ended.returncode}; see {COPY.relative_to(ROOT) / 'log'}")
        return 1
    return 0


def plant_in(names: Sequence[str]) -> None:
    """Let mutmut change these modules alone: making faults takes as long as trying them."""
    patterns = [f"billing/core/{name}{end}" for name in names for end in (".py", "/*.py")]
    settings = COPY / "pyproject.toml"
    text = settings.read_text()
    heading = "[tool.mutmut]\n"
    assert heading in text
    settings.write_text(text.replace(heading, f"{heading}only_mutate = {json.dumps(patterns)}\n"))


def outcomes() -> dict[str, dict[str, str]]:
    """By module, what became of each fault that was tried."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((COPY / "mutants" / "billing").rglob("*.meta")):
        ends = json.loads(path.read_text())["exit_code_by_key"]
        tried = {name: ENDS.get(code, FOUND) for name, code in ends.items()}
        tried = {name: end for name, end in tried.items() if end != UNTRIED}
        if tried:
            module = path.relative_to(COPY / "mutants" / "billing" / "core").with_suffix("")
            found[str(module)] = tried
    return found


def told(found: dict[str, dict[str, str]]) -> Iterator[str]:
    """A table by module, then each fault that lives, so that it can be looked at."""
    columns = (FOUND, HUNG, ALIVE, UNTESTED)
    yield f"{'module':28}" + "".join(f"{one:>10}" for one in columns) + f"{'score':>9}"
    whole = Counter[str]()
    for module, ends in found.items():
        counts = Counter(ends.values())
        whole += counts
        yield _row(module, counts, columns)
    yield _row("all", whole, columns)
    for ends in found.values():
        yield from (f"  {end:8} {name}" for name, end in ends.items() if end in (ALIVE, UNTESTED))
    yield f"what a fault is:  cd {COPY.relative_to(ROOT)} && ../../.venv/bin/mutmut show NAME"


def _row(name: str, counts: Counter[str], columns: Sequence[str]) -> str:
    score = 100 * (counts[FOUND] + counts[HUNG]) / max(1, counts.total())
    return f"{name:28}" + "".join(f"{counts[one]:10}" for one in columns) + f"{score:8.1f} %"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
