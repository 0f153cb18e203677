"""Small experiments, simulated by MuJoCo, and questions about how they end.

Metres, seconds, z up; what is asked happens in the x-z plane (balls, stacks) or on the x-y plane
(pucks).
"""
