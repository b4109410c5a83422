PRAGMA application_id = 0;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
CREATE TABLE instance (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    node TEXT NOT NULL,
    cards TEXT NOT NULL,
    started REAL NOT NULL,
    ready_after REAL NOT NULL,
    stop_after REAL NOT NULL,
    stopped REAL,
    failure TEXT NOT NULL,
    token TEXT NOT NULL,
    starts INTEGER NOT NULL
) WITHOUT ROWID
;
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','organization/eas-slices/test-0a1b2c','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',1.79562701196330642703e+09,0.0,0.0,NULL,'','bfd6e803d8c81a7113652e102c893e97e14ec4db6cfde16869bef0fbefad72ab',1);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','organization/eas-slices/test-0a1b2c','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',1.79562701196364879604e+09,0.0,0.0,NULL,'','a-token-of-its-own',1);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/0/d7734ad4','organization/eas-slices/test-0a1b2c','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',1.79562701196379590038e+09,0.0,0.0,NULL,'','c14c59665c9ed8f03ff614a40f6c1d90ebf4a0d8b49e086250c43a2eabe36c54',1);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/1/a25d5720','organization/eas-slices/test-0a1b2c','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',1.79562701196392083169e+09,0.0,0.0,NULL,'','c14c59665c9ed8f03ff614a40f6c1d90ebf4a0d8b49e086250c43a2eabe36c54',1);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/tool/0/faf60938','organization/eas-slices/test-0a1b2c','gpu-a','[]',1.79562701196402907367e+09,0.0,0.0,NULL,'','6e245b1ddba982391452af51222d8c9f4aa1a45ed4e6888005275828476fc6b7',1);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/video/0/9397d202','organization/eas-slices/test-0a1b2c','gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]',1.79562701196412253384e+09,0.0,0.0,NULL,'','83bc247e107501cf7596c597fc4d2feca6b29ca52f5d6bae601f2fecde56b588',1);
COMMIT;
