"""The project: settings, URLs and how HTTP is spoken."""
