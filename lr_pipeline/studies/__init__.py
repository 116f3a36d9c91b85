"""What the tutorial teaches, computed and drawn: each study is numbers and pictures."""
