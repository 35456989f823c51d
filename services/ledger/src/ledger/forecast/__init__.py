"""The demand forecast: children, January by January, with the uncertainty that their history leaves."""

MODEL = 2  # rises whenever the same files and seed would give other figures
