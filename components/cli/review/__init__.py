"""What a reviewer is told of a change: one report from a preview, in Markdown, SARIF or JSON."""
