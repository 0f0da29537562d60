"""Mechanisms keep the limits: each module one kind of state, used by several journeys."""
