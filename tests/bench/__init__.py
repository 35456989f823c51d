"""Benchmarks: ratios against rivals, printed in one run. Nothing here passes or fails."""
