-- Ids are compared as bytes, as the program does, whatever the language of the database.
ALTER TABLE contacts ALTER COLUMN id TYPE TEXT COLLATE "C";
ALTER TABLE decisions ALTER COLUMN id TYPE TEXT COLLATE "C", ALTER COLUMN contact TYPE TEXT COLLATE "C";
ALTER TABLE runs ALTER COLUMN id TYPE TEXT COLLATE "C", ALTER COLUMN contact TYPE TEXT COLLATE "C";
ALTER TABLE actions ALTER COLUMN id TYPE TEXT COLLATE "C", ALTER COLUMN contact TYPE TEXT COLLATE "C",
    ALTER COLUMN run TYPE TEXT COLLATE "C";
ALTER TABLE aliases ALTER COLUMN alias TYPE TEXT COLLATE "C", ALTER COLUMN contact TYPE TEXT COLLATE "C";

-- A contact's row is written with every event: with room on its page the indexes need not change.
ALTER TABLE contacts SET (fillfactor = 60);
-- What is long is compressed in a fraction of the time, where the server was built with this method.
DO $$ BEGIN
    ALTER TABLE contacts ALTER COLUMN state SET COMPRESSION lz4;
    ALTER TABLE decisions ALTER COLUMN receipt SET COMPRESSION lz4;
    ALTER TABLE runs ALTER COLUMN body SET COMPRESSION lz4;
    ALTER TABLE actions ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'lz4 is not available here';
END $$;
