"""Where a base comes from, and the policy made of it. Nothing here samples or trains."""
