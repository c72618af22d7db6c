"""Benches: on what (`workload`), against whom (`peers`), and what is promised (`promises`)."""
