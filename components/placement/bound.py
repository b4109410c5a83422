from typing import Any
def rejudge(*a: Any, **k: Any) -> list[str]:
    return []
