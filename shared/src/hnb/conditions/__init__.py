"""What only the owner of the data can see, said as it changes: `rules` decides what to say, `looking` says it."""
