"""Benches: on what (`workload`), against whom (`peers`), and what was promised (`ratios`)."""
