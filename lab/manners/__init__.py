"""The service's manners: requests that it denies, snapshots that it takes, delays; each a gate or a
switch."""
