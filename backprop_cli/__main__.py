"""`python -m backprop_cli` is the command `backprop`."""

from backprop_cli.commands import main

if __name__ == "__main__":
    main()
