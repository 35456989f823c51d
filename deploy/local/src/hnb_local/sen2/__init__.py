"""The yearly SEN2 person-level return: read, made up, compared with the register and imported."""
