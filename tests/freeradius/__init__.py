"""`make test-freeradius`: packets of radclient through FreeRADIUS, its lines, our collector and the
emulated cloud, to what staff read as usage of each subscriber.
"""
