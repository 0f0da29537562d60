"""How this service speaks HTTP: JSON alone, strictly read, every refusal in one shape."""
