"""What `longstop doctor` looks at, and what it can mend."""

from longstop.examination.finding import Cure, Finding, Level
from longstop.examination.house import at_rest
from longstop.examination.running import in_motion

__all__ = ["Cure", "Finding", "Level", "at_rest", "in_motion"]
