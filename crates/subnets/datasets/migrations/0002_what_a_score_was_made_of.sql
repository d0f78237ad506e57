-- What a result was made of besides the loss, so that it can be scored again with other settings.
ALTER TABLE scores ADD COLUMN committed INTEGER;  -- block of the commitment
ALTER TABLE scores ADD COLUMN consensus REAL;     -- the chain's, 0 to 1
