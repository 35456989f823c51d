"""The case side's rules, pure: what stands, what is due, what things cost."""
