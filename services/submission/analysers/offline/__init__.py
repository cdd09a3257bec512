"""The local analyser: offline, explainable, deterministic. Signals on one mail, added up by the table in `weights.py`.

It knows nothing but the mail, the own domains and what the reporters said: no network, no history, no learned model.
"""

from services.submission.analysers.offline.analyser import LocalAnalyser

__all__ = ["LocalAnalyser"]
