"""The local analyser: offline, explainable, deterministic. Signals on one mail, added up by the table in `weights.py`.

It knows nothing but the mail, the own domains, two files of the house (people, DKIM keys) and what the reporters said: no network, no history, no learned model.
"""

from services.submission.analysers.offline.analyser import LocalAnalyser
from services.submission.analysers.offline.house import House, read_house

__all__ = ["House", "LocalAnalyser", "read_house"]
