-- Which root the documents descend from: the numbers of different roots have nothing to do with each other.
ALTER TABLE collateral ADD COLUMN root TEXT NOT NULL DEFAULT '';
