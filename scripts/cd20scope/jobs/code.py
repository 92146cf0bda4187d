"""Digest of the code that a rule runs: its script, and the modules of this package that it reaches by import."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "cd20scope"


class Code:
    """Scripts and package below one folder, each file read once.

    Parameters
    ----------
    root
        Folder that holds the package and the scripts.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._imports: dict[Path, list[Path]] = {}
        self._sums: dict[Path, bytes] = {}

    def digest(self, *scripts: str) -> str:
        """Digest of scripts and of all that they import from the package.

        Parameters
        ----------
        scripts
            Paths below the root. Those that are not Python, such as R scripts, count by themselves.

        Returns
        -------
        The first 12 hexadecimal digits of a SHA-256 over names, below the root, and texts of the files.

        Raises
        ------
        ValueError
            When a module is imported that the package does not have.
        """
        total = hashlib.sha256()
        for file in sorted({file for script in scripts for file in self.closure(script)}):
            if file not in self._sums:
                self._sums[file] = hashlib.sha256(file.read_bytes()).digest()
            total.update(f"{file.relative_to(self.root).as_posix()}\0".encode() + self._sums[file])
        return total.hexdigest()[:12]

    def closure(self, script: str) -> set[Path]:
        """Return a script and every module of the package that it reaches, also by imports within functions.

        Parameters
        ----------
        script
            Path below the root.

        Raises
        ------
        ValueError
            When a module is imported that the package does not have.
        """
        reached: set[Path] = set()
        waiting = [self.root / script]
        while waiting:
            file = waiting.pop()
            if file not in reached:
                reached.add(file)
                waiting += self._imports_of(file)
        return reached

    def _imports_of(self, file: Path) -> list[Path]:
        """Files of the package that the import statements of one file run, each room's ``__init__`` included."""
        if file not in self._imports:
            self._imports[file] = list(self._read_imports(file)) if file.suffix == ".py" else []
        return self._imports[file]

    def _read_imports(self, file: Path) -> Iterator[Path]:
        """Parse a file and find what its import statements run; relative imports are not used in this project."""
        for node in _statements(ast.parse(file.read_bytes(), filename=str(file))):
            if isinstance(node, ast.Import):
                modules, names = [alias.name for alias in node.names], []
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # what is imported from a package may be a module
                modules, names = [node.module], [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for module in (name for name in modules if name.split(".")[0] == PACKAGE):
                if not self._files(module):
                    raise ValueError(
                        f"{file}, line {node.lineno}: there is no module {module}. Correct the import."
                    )
                yield from self._files(module)
            for name in (name for name in names if name.split(".")[0] == PACKAGE):
                yield from self._files(name)

    def _files(self, module: str) -> list[Path]:
        """Files that importing a module runs, outermost first; none if there is no such module."""
        parts = module.split(".")
        place = self.root.joinpath(*parts)
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                above = [self.root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts))]
                return [*above, file]
        return []


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Statements of a file at any depth; the expressions in them, nine tenths of all nodes, import nothing."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                waiting.append(child)
                yield child
