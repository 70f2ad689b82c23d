"""What the verbs do: chains of steps, and the Prefect flows that run them. Only flows import Prefect."""
