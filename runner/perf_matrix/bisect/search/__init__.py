"""The search itself: what is known in, what to measure next and what is concluded out.  (Pure.)"""
