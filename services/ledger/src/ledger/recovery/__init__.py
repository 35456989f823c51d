"""The recovery plan at the edge: written as YAML, kept version by version, measured from the books."""
