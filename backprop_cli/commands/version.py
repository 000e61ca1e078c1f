"""What `--version` says."""

from __future__ import annotations


def version_text(verbose: bool) -> str:
    """The version; where more is asked for, that of everything used."""
    from backprop_cli import __version__

    if not verbose:
        return f"backprop {__version__}\n"
    import platform
    from importlib.metadata import PackageNotFoundError, version

    lines = [f"backprop {__version__}", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
    for package in ("lark", "sympy", "mpmath", "numpy", "rich", "typer"):
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package} is missing")
    return "\n".join([*lines, isolation()]) + "\n"


def isolation() -> str:
    """A line that says which protections hold for the process in which SymPy may run away."""
    from backprop_cli.worker.host import protections

    held = protections()
    if isinstance(held, str):
        return f"worker: {held}"
    if not held:
        return "worker: killed at its deadline; this platform has no further limits"
    return f"worker: killed at its deadline; limits on {', '.join(held)}"
