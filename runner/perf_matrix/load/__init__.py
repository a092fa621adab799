"""k6, through one wrapper: requests are sent by it and by nothing else.

``find`` looks for the program, ``plan`` writes down what it may send, ``agent`` steers one that sends
a request at a time, ``slot`` runs one that sends a mix at a constant rate.
"""
