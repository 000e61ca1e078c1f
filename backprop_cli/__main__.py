"""`python -m backprop_cli` is the command `backprop`."""

try:
    from backprop_cli.commands import main
except KeyboardInterrupt:
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()
