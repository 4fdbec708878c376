"""The effect as the protocol asks for it, by endpoint and by group."""
