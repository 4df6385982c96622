"""What a device's packages may lack; one sentence says what to change."""


class DeviceError(Exception):
    """A bundle, a lock or a package that cannot be made."""
