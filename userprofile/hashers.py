"""Password hashing: Argon2id at the parameters OWASP's Password Storage cheat sheet gives."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idPasswordHasher(Argon2PasswordHasher):
    """m=19 MiB, t=2, p=1: Django's own default costs 100 MiB and 150 ms a sign-in."""

    time_cost = 2
    memory_cost = 19456  # KiB
    parallelism = 1
