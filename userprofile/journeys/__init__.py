"""Journeys tell the story: one module for each thing a user sets out to do."""
