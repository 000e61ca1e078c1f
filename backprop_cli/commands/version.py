"""What `--version` says."""

from __future__ import annotations


def version_text(verbose: bool) -> str:
    """The version; where more is asked for, that of everything used."""
    from backprop_cli import __version__

    if not verbose:
        return f"backprop {__version__}\n"
    import platform
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    lines = [f"backprop {__version__}", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
    for package in ("lark", "sympy", "mpmath", "numpy", "rich", "typer"):
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package} is missing")
    if find_spec("resource") is None:
        lines.append("no resource limits on this platform: deadlines alone hold")
    return "\n".join(lines) + "\n"
