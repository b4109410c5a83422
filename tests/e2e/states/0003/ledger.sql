PRAGMA application_id = 1161909063;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
CREATE TABLE about (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('key','e45b8f38ee31cf47');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE card (
	uuid VARCHAR NOT NULL, 
	pool VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	model VARCHAR NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	CONSTRAINT pk_card PRIMARY KEY (uuid)
);
INSERT INTO "card" VALUES('GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839','lab','gpu-a',0,'A100-80G',81251);
INSERT INTO "card" VALUES('GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7','lab','gpu-a',1,'A100-80G',81251);
INSERT INTO "card" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','lab','gpu-b',0,'A100-80G',81251);
INSERT INTO "card" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','lab','gpu-b',1,'A100-80G',81251);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	owner VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	plan_id INTEGER, actor JSON, node VARCHAR, cards JSON, 
	CONSTRAINT pk_event PRIMARY KEY (id)
);
INSERT INTO "event" VALUES(1,'2026-11-25 13:40:59.470386','organization/eas-slices/test-0a1b2c','owner/organization/eas-slices/test-0a1b2c','first seen','','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(2,'2026-11-25 13:40:59.470386','organization/eas-slices/test-0a1b2c','pool/lab','declared','2 nodes through eas-r-lab00001','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(3,'2026-11-25 13:40:59.598517','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','declared','revision e6e9c461ac1483d5 on pool lab','EasService embed create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(4,'2026-11-25 13:40:59.612757','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','declared','revision fe1a41979d7127eb on pool lab','EasService llm create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(5,'2026-11-25 13:40:59.612757','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','declared','revision 4263bb702f72f0c1 on pool lab','EasService page create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(6,'2026-11-25 13:40:59.612757','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','declared','revision 2dac754080dcd066 on pool lab','EasService tool create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(7,'2026-11-25 13:40:59.616253','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','declared','revision 7b2d57dc2881af14 on pool lab','EasService video create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(8,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','pool/lab/gpu-a','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(9,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','pool/lab/gpu-b','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(10,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','plan/1','committed','6 steps','Placement create (pid 13566)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(11,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/00e81f40','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 6144 MiB 0 %','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(12,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/b37ab121','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 49152 MiB 10 %','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(13,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/13affff1','reserved','lab/gpu-b GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a 20480 MiB 5 %','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(14,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/3f009cec','reserved','lab/gpu-b GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a 20480 MiB 5 %','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(15,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/379a64b5','reserved','lab/gpu-a','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(16,'2026-11-25 13:41:00.655750','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/c2c167a1','reserved','lab/gpu-a GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839 GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7 0 MiB 0 %','Placement create (pid 13566)',1,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(17,'2026-11-25 13:41:00.747419','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease taken','1 by Placement create (pid 13566) (process 13566 on somewhere)','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(18,'2026-11-25 13:41:00.747419','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease taken','1 by Placement create (pid 13566) (process 13566 on somewhere)','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(19,'2026-11-25 13:41:00.747419','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease taken','1 by Placement create (pid 13566) (process 13566 on somewhere)','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(20,'2026-11-25 13:41:00.747419','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease taken','1 by Placement create (pid 13566) (process 13566 on somewhere)','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(21,'2026-11-25 13:41:00.747419','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease taken','1 by Placement create (pid 13566) (process 13566 on somewhere)','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(22,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/00e81f40','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(23,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/b37ab121','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(24,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/13affff1','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(25,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/3f009cec','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(26,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/379a64b5','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(27,'2026-11-25 13:41:00.807193','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/c2c167a1','reserved -> starting','','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(28,'2026-11-25 13:41:00.829641','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/00e81f40','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/00e81f40','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(29,'2026-11-25 13:41:00.829641','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/b37ab121','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/b37ab121','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(30,'2026-11-25 13:41:00.829641','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/13affff1','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/13affff1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(31,'2026-11-25 13:41:00.834594','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/3f009cec','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/3f009cec','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(32,'2026-11-25 13:41:00.834594','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/379a64b5','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/379a64b5','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(33,'2026-11-25 13:41:00.834594','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/c2c167a1','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/c2c167a1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(34,'2026-11-25 13:41:00.834594','organization/eas-slices/test-0a1b2c','plan/1','done','','Placement create (pid 13566)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(35,'2026-11-25 13:41:00.846707','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease released','1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(36,'2026-11-25 13:41:00.846707','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease released','1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(37,'2026-11-25 13:41:00.846707','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease released','1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(38,'2026-11-25 13:41:00.846707','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease released','1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(39,'2026-11-25 13:41:00.846707','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease released','1','Placement create (pid 13566)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(40,'2026-11-25 13:41:02.857813','','pool/lab/gpu-b','ready -> cordoned','operator somewhere: fan','operator somewhere',NULL,'{"who": "somewhere"}',NULL,NULL);
CREATE TABLE instance (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	incarnation VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	pool VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	cards JSON NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	compute INTEGER NOT NULL, 
	cpu_milli INTEGER NOT NULL, 
	node_memory_mib INTEGER NOT NULL, 
	"exclusive" BOOLEAN NOT NULL, 
	state VARCHAR NOT NULL, 
	"after" JSON NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	endpoint VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	plan_id INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_instance PRIMARY KEY (id)
);
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/embed/0/00e81f40','organization/eas-slices/test-0a1b2c','embed',0,'00e81f40','steady','e6e9c461ac1483d5','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',6144,0,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/00e81f40','',1,'2026-11-25 13:41:00.829641');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/llm/0/b37ab121','organization/eas-slices/test-0a1b2c','llm',0,'b37ab121','steady','fe1a41979d7127eb','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',49152,10,0,0,0,'ready','[]','c1fdbb32db3f8f9e','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/b37ab121','',1,'2026-11-25 13:41:00.829641');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/0/13affff1','organization/eas-slices/test-0a1b2c','page',0,'13affff1','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/13affff1','',1,'2026-11-25 13:41:00.829641');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/1/3f009cec','organization/eas-slices/test-0a1b2c','page',1,'3f009cec','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/3f009cec','',1,'2026-11-25 13:41:00.834594');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/tool/0/379a64b5','organization/eas-slices/test-0a1b2c','tool',0,'379a64b5','steady','2dac754080dcd066','lab','gpu-a','[]',0,0,2000,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/379a64b5','',1,'2026-11-25 13:41:00.834594');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/video/0/c2c167a1','organization/eas-slices/test-0a1b2c','video',0,'c2c167a1','steady','7b2d57dc2881af14','lab','gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]',0,0,0,0,1,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/c2c167a1','',1,'2026-11-25 13:41:00.834594');
CREATE TABLE lease (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	fence INTEGER NOT NULL, 
	held BOOLEAN NOT NULL, 
	pid INTEGER NOT NULL, 
	host VARCHAR NOT NULL, 
	boot_id VARCHAR NOT NULL, 
	created FLOAT NOT NULL, 
	what VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	expires DATETIME NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (owner, service)
);
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','embed',1,0,13566,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',13158.1,'Placement create (pid 13566)','2026-11-25 13:41:00.747419','2026-11-25 13:42:00.747419');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','llm',1,0,13566,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',13158.1,'Placement create (pid 13566)','2026-11-25 13:41:00.747419','2026-11-25 13:42:00.747419');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','page',1,0,13566,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',13158.1,'Placement create (pid 13566)','2026-11-25 13:41:00.747419','2026-11-25 13:42:00.747419');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','tool',1,0,13566,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',13158.1,'Placement create (pid 13566)','2026-11-25 13:41:00.747419','2026-11-25 13:42:00.747419');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','video',1,0,13566,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',13158.1,'Placement create (pid 13566)','2026-11-25 13:41:00.747419','2026-11-25 13:42:00.747419');
CREATE TABLE node (
	pool VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	departed BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_node PRIMARY KEY (pool, name)
);
INSERT INTO "node" VALUES('lab','gpu-a','{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}',0,'2026-11-25 13:41:00.655750');
INSERT INTO "node" VALUES('lab','gpu-b','{"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}',0,'2026-11-25 13:41:00.655750');
CREATE TABLE node_state (
	pool VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	card VARCHAR NOT NULL, 
	cause VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	who VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_node_state PRIMARY KEY (pool, node, card, cause)
);
INSERT INTO "node_state" VALUES('lab','gpu-b','','operator','cordoned','fan','somewhere','2026-11-25 13:41:02.857813');
CREATE TABLE occupied (
	card VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	compute INTEGER NOT NULL, 
	CONSTRAINT pk_occupied PRIMARY KEY (card, instance)
);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/embed/0/00e81f40',6144,0);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/llm/0/b37ab121',49152,10);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/0/13affff1',20480,5);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/1/3f009cec',20480,5);
INSERT INTO "occupied" VALUES('GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839','organization/eas-slices/test-0a1b2c/video/0/c2c167a1',81251,100);
INSERT INTO "occupied" VALUES('GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7','organization/eas-slices/test-0a1b2c/video/0/c2c167a1',81251,100);
CREATE TABLE owner (
	name VARCHAR NOT NULL, 
	placement VARCHAR NOT NULL, 
	since DATETIME NOT NULL, options JSON, 
	CONSTRAINT pk_owner PRIMARY KEY (name)
);
INSERT INTO "owner" VALUES('organization/eas-slices/test-0a1b2c','placement-5166ff60','2026-11-25 13:40:59.470386','{"memory_only": "mixed"}');
CREATE TABLE past_spec (
	id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	sealed BLOB NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_past_spec PRIMARY KEY (id)
);
CREATE TABLE "plan" (
	id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	committed DATETIME NOT NULL, 
	CONSTRAINT pk_plan PRIMARY KEY (id)
);
INSERT INTO "plan" VALUES(1,'organization/eas-slices/test-0a1b2c','done','Placement create (pid 13566)','2026-11-25 13:41:00.655750');
CREATE TABLE pool (
	name VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	resource VARCHAR NOT NULL, 
	runtime VARCHAR NOT NULL, 
	settings JSON NOT NULL, 
	declared JSON NOT NULL, 
	committed BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_pool PRIMARY KEY (name)
);
INSERT INTO "pool" VALUES('lab','organization/eas-slices/test-0a1b2c','pool-94143ca5','eas-r-lab00001','simulated','{}','[{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}, {"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}]',1,'2026-11-25 13:40:59.470386');
CREATE TABLE service (
	owner VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	pool VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	spec INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_service PRIMARY KEY (owner, name)
);
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','embed','service-23bb7a5f','lab','e6e9c461ac1483d5',1,'2026-11-25 13:40:59.598517');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','llm','service-47c481ed','lab','fe1a41979d7127eb',2,'2026-11-25 13:40:59.612757');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','page','service-621dbe09','lab','4263bb702f72f0c1',3,'2026-11-25 13:40:59.612757');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','tool','service-f6ebe847','lab','2dac754080dcd066',4,'2026-11-25 13:40:59.612757');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','video','service-d08b8dbc','lab','7b2d57dc2881af14',5,'2026-11-25 13:40:59.616253');
CREATE TABLE spec (
	id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	sealed BLOB NOT NULL, 
	taken_up BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_spec PRIMARY KEY (id)
);
INSERT INTO "spec" VALUES(1,'organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','6f2b90e0aafefee0cd5bae14480f0256a293f8587f4ad587babb9c23b097b1d4',X'01CC84E00F10E778F140B82855019ECD59866CE3CB139F3A2A792202A19562F58C26C6BEF2F62497104BEF3850098E2ED796D38155DABCB618E4A706ABA50DF3C68293041FAA8BEA27B29A61241D39A838CA2F7D82071ECF14C38C2744B063EAB7513144DBF01CBBC9A77A3CDAF44FA9AE42288040805D5633A7AC5879F894B2E2A51E9AA130B06A3493C6392C1DDDD35EDE7385F27D9460F4EAE75311702F7F6C459E6AE204FDF5412B7F740D9154B54FD74DFF61E1167273AB11207A2516CE568BC11D6713996E5693801CFEF783A18490AF0A75653C8EA24287387B2AED8CB376957C2A71F78FE3148A4871761735',1,'2026-11-25 13:40:59.598517');
INSERT INTO "spec" VALUES(2,'organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','e0a84e6fa55d38f173dcd7abfe447cdd7fc8b5ee0ca6ead9f1322688017ea551',X'017A2FF78D888F81A3AD7EA9E02E6551C369EF4690EB1F8D6EE5AEB495493C371EBE77BB2F820778AD96773484BF3B91850D459AFC025B2EB9A510BAB099545D22EDDA1AB42CE5410D6CA8093593C9C05CB0730E428D8C7611EAFED0F1FA8B34234CB9BC1472FEB9700AFD3142FAE872FB391CEA4C8F8C5889E58E414D1926E9E3CE624D81B473AE7FB601D9FA2EEC16F8587A8F7F04AA2D51441F8AF05CB0B242D3B786791FFD91AE4C2D63C18D724F5ECECF5D927B036E2F5F0C047A7F3D2BBF78E3042320B1B20E146638EFF98830AEAA147F166B56FA12D80B7306FC367826BFBA1D74DBBD43EC96AA510D770FB663524383F1838BA03C78',1,'2026-11-25 13:40:59.612757');
INSERT INTO "spec" VALUES(3,'organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','1b41f59ee3b1d70c1ca4cf57d51674841265394901477b1c6abacb16c377d4b9',X'0112B3374604C2D50370CB72E1671014F32F6B8B6659ECD9AF449293C09CC6B6918EC6DF7576BA6A17C026E4D97AEF4CA48A21CE31EB2D536C9BA018848BB2C102F70400688405405BBEF28C644847EDFEB28718D74EEC7F81DD3C2D49694439FDEDB9455C55AC488F41C3D650C04A26C574A870303FB4B3E92E909D23796195862FC0CAAEB46BBF13980FF83E448F5D742B47991367155E2A8F777FBEA44D041D3A4A84401FF4D112F973A8C71C54809FF930290F6FE48E5D46843209BF978179F87EED60F4197EB4EF66900D4C3B28203528808BAB62A2BFC3339EB7C7C1FE83D2BCF2DF4E30BFB67111742DC9D30EF7F32287380310BA0D',1,'2026-11-25 13:40:59.612757');
INSERT INTO "spec" VALUES(4,'organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','21eba74748c69755e4570747c0d7d71463a9363d5b99cfd5689352114900a0bb',X'016954CD2C0E2FA75D86724544DEF486EF7779DD0C35642C87410756019571A4E25595BA964C1449843FEB260457BA97E32D5B86A1C32698CEC5C28A8FDA284524BD1D19814793A363FD8345B3DB2819465EE02124387BB61BB7752ECCFF0AD375ED0E967BD0B4988900094DFA6A814137A59BAF0C82636EFBD2B81E6B39D3EAD150EF129111F0F7798787E7F60C09C4AB899E52BA6CE8FD0D3A0D71F2AA79756F00EBC348C0B2971E8F24F844779F996A6C8BFF9ACA86F9857B8EB6A173',1,'2026-11-25 13:40:59.612757');
INSERT INTO "spec" VALUES(5,'organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','9bdc86e5c72c5395fa2790c6247a0287b6ba7645c1f9be24d701db2775dc7c22',X'01423219C4D7CE6596D83D29734AB051F7F13CF6DC843CB6477A58E830D0D31E27EF49946000408E226F599B56B280F9EB81D2002D74C813084FC94FDA450651A3E6EEEA98F4E780866FFD0B31FACCD5031CDFB43882EAE20EA13A5A7DE45C7A9471F9BA4F48306A5ED5FB6ED6A1C2636CD8BE2FE4672DB00FC0888351A95651E817E6228458077DF324FF3AA0BA017F447D4CD5EACFC0A8FD6225E6F10FD1EDFF926DA7805AF62E4ED085ECFC9AB70B47A6F8DEF1DB7975052420CD76D684',1,'2026-11-25 13:40:59.616253');
CREATE TABLE step (
	plan_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	ended DATETIME, 
	CONSTRAINT pk_step PRIMARY KEY (plan_id, n)
);
INSERT INTO "step" VALUES(1,1,'done','organization/eas-slices/test-0a1b2c/embed/0/00e81f40','{"op": "start", "how": "start", "service": "embed", "ordinal": 0, "revision": "e6e9c461ac1483d5", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 6144, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:41:00.829641');
INSERT INTO "step" VALUES(1,2,'done','organization/eas-slices/test-0a1b2c/llm/0/b37ab121','{"op": "start", "how": "start", "service": "llm", "ordinal": 0, "revision": "fe1a41979d7127eb", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 49152, "compute": 10, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:41:00.829641');
INSERT INTO "step" VALUES(1,3,'done','organization/eas-slices/test-0a1b2c/page/0/13affff1','{"op": "start", "how": "start", "service": "page", "ordinal": 0, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:41:00.829641');
INSERT INTO "step" VALUES(1,4,'done','organization/eas-slices/test-0a1b2c/page/1/3f009cec','{"op": "start", "how": "start", "service": "page", "ordinal": 1, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:41:00.834594');
INSERT INTO "step" VALUES(1,5,'done','organization/eas-slices/test-0a1b2c/tool/0/379a64b5','{"op": "start", "how": "start", "service": "tool", "ordinal": 0, "revision": "2dac754080dcd066", "place": {"pool": "lab", "node": "gpu-a", "cards": [], "memory_mib": 0, "compute": 0, "cpu_milli": 2000, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:41:00.834594');
INSERT INTO "step" VALUES(1,6,'done','organization/eas-slices/test-0a1b2c/video/0/c2c167a1','{"op": "start", "how": "start", "service": "video", "ordinal": 0, "revision": "7b2d57dc2881af14", "place": {"pool": "lab", "node": "gpu-a", "cards": ["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"], "memory_mib": 0, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": true}}','2026-11-25 13:41:00.834594');
CREATE TABLE waiting (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (owner, service, ordinal)
);
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','embed',1,1,'2026-11-25 13:41:00.655750');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',1,1,'2026-11-25 13:41:00.655750');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',2,1,'2026-11-25 13:41:00.655750');
CREATE TABLE wanted (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	plan_id INTEGER NOT NULL, token BLOB, 
	CONSTRAINT pk_wanted PRIMARY KEY (owner, service)
);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','{"service": "embed", "pool": "lab", "claim": {"gpu_memory": 6}, "instances": 2, "revision": "e6e9c461ac1483d5", "token_hash": "60cffde8d2138d9c", "spread": "host"}',1,X'0160AB1CF7CC84DC356D0F98EFA4124331AFA69FEFAEB774802F7E3F9ED2B29FD7700328DCFCFA35884FE0C86732DAE7598852AFCF5BF30EA38375CB6013290EEFF016FB98706BC055D7A7A66BCBCF4A756CBF53B2DD346EAED5A33324EC25D33D0BF9B1E41D061D5C');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','{"service": "llm", "pool": "lab", "claim": {"gpu_memory": 48, "gpu_core_percentage": 10}, "revision": "fe1a41979d7127eb", "token_hash": "c1fdbb32db3f8f9e"}',1,NULL);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','{"service": "page", "pool": "lab", "claim": {"gpu_memory": 20, "gpu_core_percentage": 5}, "instances": 2, "revision": "4263bb702f72f0c1", "token_hash": "60cffde8d2138d9c", "labels": {"team": "search"}}',1,X'016C2877AE944A40FD8F97B53B639989E811D8D525E84FEA0620170773614CF9C8EFEC94D7D8C43150762E6A990DB157C042B30EDB9DDFB170DD8F8F0231B60A6497335C23672AE22D2D2FEF225B705B38C9857224BB1D5D1337E1478BCE5E768C7E23527C45944C08');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','{"service": "tool", "pool": "lab", "claim": {"cpu_milli": 2000}, "revision": "2dac754080dcd066", "token_hash": "60cffde8d2138d9c"}',1,X'010492FCF52FEB9AACE37902239327F0ED1F1AD150C62955DA40444005DB0AD1F2A5E2E5E50129DF0DE942AF9BDD1CF4675789BB7AF97AA9D9AAA36EC8D9998AC6CAD3EF8AF0750C95EEB070CF2BAB612B73C0285E1F99BF6D781596031794EE1DB4D97ED76EDFDCBC');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','{"service": "video", "pool": "lab", "claim": {"gpu": 2}, "instances": 3, "revision": "7b2d57dc2881af14", "token_hash": "60cffde8d2138d9c"}',1,X'01F239E8D0269219CBF3664BDAE46F11D169D7ACCBB620C183A2220A917D6354710FDA6D198A1137FA34C438BED98D7A6FFDDE0FD9835E47F3EE6CDBEF16ADF142774B568969E5A65934AAB6640806CC30692EE90E5761A088A1109465E8749A5FC14E8C20CF6B3DC2');
CREATE INDEX ix_card_pool_node ON card (pool, node);
CREATE INDEX ix_event_owner ON event (owner);
CREATE INDEX ix_event_subject ON event (subject);
CREATE INDEX ix_instance_owner_service ON instance (owner, service);
CREATE INDEX ix_instance_pool_node ON instance (pool, node);
CREATE INDEX ix_instance_state ON instance (state);
CREATE INDEX ix_occupied_instance ON occupied (instance);
CREATE INDEX ix_plan_owner_state ON "plan" (owner, state);
CREATE INDEX ix_spec_owner_service_revision ON spec (owner, service, revision);
CREATE INDEX ix_step_instance ON step (instance);
CREATE INDEX ix_event_node ON event (node);
CREATE INDEX ix_past_spec_owner_service ON past_spec (owner, service);
COMMIT;
