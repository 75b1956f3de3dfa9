-- Tells the time.
return now()
