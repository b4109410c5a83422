"""The benchmarks keep to their contract: a last line of JSON, an exit status that says whether targets hold."""
