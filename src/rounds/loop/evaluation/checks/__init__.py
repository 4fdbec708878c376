"""May the answer be trusted? Each check with its threshold and its reason."""
