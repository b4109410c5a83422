PRAGMA application_id = 1161909063;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
CREATE TABLE about (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('key','1a0d03768bb84b43');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "event" VALUES(1,'2026-11-25 13:22:46.830400','organization/eas-slices/test-0a1b2c','owner/organization/eas-slices/test-0a1b2c','first seen','','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(2,'2026-11-25 13:22:46.830400','organization/eas-slices/test-0a1b2c','pool/lab','declared','2 nodes through eas-r-lab00001','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(3,'2026-11-25 13:22:46.999533','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','declared','revision e6e9c461ac1483d5 on pool lab','EasService embed create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(4,'2026-11-25 13:22:47.011139','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','declared','revision fe1a41979d7127eb on pool lab','EasService llm create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(5,'2026-11-25 13:22:47.011139','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','declared','revision 4263bb702f72f0c1 on pool lab','EasService page create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(6,'2026-11-25 13:22:47.016637','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','declared','revision 2dac754080dcd066 on pool lab','EasService tool create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(7,'2026-11-25 13:22:47.016637','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','declared','revision 7b2d57dc2881af14 on pool lab','EasService video create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(8,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','pool/lab/gpu-a','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(9,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','pool/lab/gpu-b','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(10,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','plan/1','committed','6 steps','Placement create (pid 31442)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(11,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/f6213bff','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 6144 MiB 0 %','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(12,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 49152 MiB 10 %','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(13,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/85c4eb21','reserved','lab/gpu-b GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a 20480 MiB 5 %','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(14,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/637e6ad8','reserved','lab/gpu-b GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a 20480 MiB 5 %','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(15,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','reserved','lab/gpu-a','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(16,'2026-11-25 13:22:47.629485','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/205fb27c','reserved','lab/gpu-a GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839 GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7 0 MiB 0 %','Placement create (pid 31442)',1,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(17,'2026-11-25 13:22:47.650616','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease taken','1 by Placement create (pid 31442) (process 31442 on somewhere)','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(18,'2026-11-25 13:22:47.650616','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease taken','1 by Placement create (pid 31442) (process 31442 on somewhere)','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(19,'2026-11-25 13:22:47.650616','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease taken','1 by Placement create (pid 31442) (process 31442 on somewhere)','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(20,'2026-11-25 13:22:47.650616','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease taken','1 by Placement create (pid 31442) (process 31442 on somewhere)','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(21,'2026-11-25 13:22:47.650616','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease taken','1 by Placement create (pid 31442) (process 31442 on somewhere)','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(22,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/f6213bff','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(23,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(24,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/85c4eb21','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(25,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/637e6ad8','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(26,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(27,'2026-11-25 13:22:47.658922','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/205fb27c','reserved -> starting','','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(28,'2026-11-25 13:22:47.671261','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/f6213bff','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/f6213bff','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(29,'2026-11-25 13:22:47.671261','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(30,'2026-11-25 13:22:47.671261','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/85c4eb21','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/85c4eb21','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(31,'2026-11-25 13:22:47.675123','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/637e6ad8','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/637e6ad8','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(32,'2026-11-25 13:22:47.675123','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(33,'2026-11-25 13:22:47.675123','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/205fb27c','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/205fb27c','Placement create (pid 31442)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(34,'2026-11-25 13:22:47.675123','organization/eas-slices/test-0a1b2c','plan/1','done','','Placement create (pid 31442)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(35,'2026-11-25 13:22:47.682239','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease released','1','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(36,'2026-11-25 13:22:47.682239','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease released','1','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(37,'2026-11-25 13:22:47.682239','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease released','1','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(38,'2026-11-25 13:22:47.682239','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease released','1','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(39,'2026-11-25 13:22:47.682239','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease released','1','Placement create (pid 31442)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(40,'2026-11-25 13:22:48.719136','','pool/lab/gpu-b','ready -> cordoned','operator somewhere: fan','operator somewhere',NULL,'{"who": "somewhere"}',NULL,NULL);
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
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/embed/0/f6213bff','organization/eas-slices/test-0a1b2c','embed',0,'f6213bff','steady','e6e9c461ac1483d5','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',6144,0,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/f6213bff','',1,'2026-11-25 13:22:47.671261');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','organization/eas-slices/test-0a1b2c','llm',0,'1d086e2f','steady','fe1a41979d7127eb','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',49152,10,0,0,0,'ready','[]','c1fdbb32db3f8f9e','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','',1,'2026-11-25 13:22:47.671261');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/0/85c4eb21','organization/eas-slices/test-0a1b2c','page',0,'85c4eb21','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/85c4eb21','',1,'2026-11-25 13:22:47.671261');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/1/637e6ad8','organization/eas-slices/test-0a1b2c','page',1,'637e6ad8','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/637e6ad8','',1,'2026-11-25 13:22:47.675123');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','organization/eas-slices/test-0a1b2c','tool',0,'e2d35a69','steady','2dac754080dcd066','lab','gpu-a','[]',0,0,2000,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','',1,'2026-11-25 13:22:47.675123');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/video/0/205fb27c','organization/eas-slices/test-0a1b2c','video',0,'205fb27c','steady','7b2d57dc2881af14','lab','gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]',0,0,0,0,1,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/205fb27c','',1,'2026-11-25 13:22:47.675123');
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
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','embed',1,0,31442,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',12066.49,'Placement create (pid 31442)','2026-11-25 13:22:47.650616','2026-11-25 13:23:47.650616');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','llm',1,0,31442,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',12066.49,'Placement create (pid 31442)','2026-11-25 13:22:47.650616','2026-11-25 13:23:47.650616');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','page',1,0,31442,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',12066.49,'Placement create (pid 31442)','2026-11-25 13:22:47.650616','2026-11-25 13:23:47.650616');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','tool',1,0,31442,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',12066.49,'Placement create (pid 31442)','2026-11-25 13:22:47.650616','2026-11-25 13:23:47.650616');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','video',1,0,31442,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',12066.49,'Placement create (pid 31442)','2026-11-25 13:22:47.650616','2026-11-25 13:23:47.650616');
CREATE TABLE node (
	pool VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	departed BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_node PRIMARY KEY (pool, name)
);
INSERT INTO "node" VALUES('lab','gpu-a','{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}',0,'2026-11-25 13:22:47.629485');
INSERT INTO "node" VALUES('lab','gpu-b','{"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}',0,'2026-11-25 13:22:47.629485');
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
INSERT INTO "node_state" VALUES('lab','gpu-b','','operator','cordoned','fan','somewhere','2026-11-25 13:22:48.719136');
CREATE TABLE occupied (
	card VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	compute INTEGER NOT NULL, 
	CONSTRAINT pk_occupied PRIMARY KEY (card, instance)
);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/embed/0/f6213bff',6144,0);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/llm/0/1d086e2f',49152,10);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/0/85c4eb21',20480,5);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/1/637e6ad8',20480,5);
INSERT INTO "occupied" VALUES('GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839','organization/eas-slices/test-0a1b2c/video/0/205fb27c',81251,100);
INSERT INTO "occupied" VALUES('GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7','organization/eas-slices/test-0a1b2c/video/0/205fb27c',81251,100);
CREATE TABLE owner (
	name VARCHAR NOT NULL, 
	placement VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_owner PRIMARY KEY (name)
);
INSERT INTO "owner" VALUES('organization/eas-slices/test-0a1b2c','placement-e8404a70','2026-11-25 13:22:46.830400');
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
INSERT INTO "plan" VALUES(1,'organization/eas-slices/test-0a1b2c','done','Placement create (pid 31442)','2026-11-25 13:22:47.629485');
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
INSERT INTO "pool" VALUES('lab','organization/eas-slices/test-0a1b2c','pool-063bc73b','eas-r-lab00001','simulated','{}','[{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}, {"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}]',1,'2026-11-25 13:22:46.830400');
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
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','embed','service-f2cdb1e4','lab','e6e9c461ac1483d5',1,'2026-11-25 13:22:46.999533');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','llm','service-9d88bd30','lab','fe1a41979d7127eb',2,'2026-11-25 13:22:47.011139');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','page','service-d592b3e1','lab','4263bb702f72f0c1',3,'2026-11-25 13:22:47.011139');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','tool','service-ea60989e','lab','2dac754080dcd066',4,'2026-11-25 13:22:47.016637');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','video','service-b8d98e05','lab','7b2d57dc2881af14',5,'2026-11-25 13:22:47.016637');
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
INSERT INTO "spec" VALUES(1,'organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','7b53bd8e58092b6f1f389f5240a58ce76f11d77c072328b7859a0defc046fe4b',X'01B8C85353F99788BF394BF380E529B9C3A4B3C68E8902477B051E7DF7B2B184504EFE66C707F5008B57F449436ACCEEF03F6DBEDD250C8161780BE5A2B0E2D5B53AA2618CEA4C9CF328B4E0D679B58412A862F1C9BC8751936ECF94DF6871DE2A3558691FA678B10ED41D714AD7B42000E993F89FC5BCC8446A575ABE9C707A867D745CD9EE95857669A9CC18AFD6063A80F8916DC4BB97310CD54330C353285D24967FCDA083384E7452CA47BF82885057A7E1A1053911BB3DBEAA95B8B63835A7B7A52EBAB0D28897C907E5539B0456B27EF9DB5142D9656C9E19DE4FC6758E85B1419AB7B39A4C562A252BE2971C',1,'2026-11-25 13:22:46.999533');
INSERT INTO "spec" VALUES(2,'organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','943f4e3634d30f28ae5729a631b6bbf634a3c9a6cdf205cffb0e232e5c89404b',X'013C11A60ACDF3579F49EBF6A0D8FB77F51674CF529EC7AFFF2E36A7F969FAAA25A4CDEF140BABAC2879863B80D2C91F9D67B8D9FB948CC0FFD8E91611DDDF9D8E6060589C15A7E81B17B1212D6C8250E49444F9923A6521DDCAB43CAD9235750423336F5B15810D058E35E1B9CAD3DEE128649489B34CA67D32371BBB0EA3BA16D049EC48EBE7E5857E1A6C6DEEB39E1C933657BDDFD8833F48A01610A5BCDF93D10C4845A783FDBF5109F0D8A54AC56193029B670508F9F73664C1B65ECFDE3312EA8337B13FAE3FCAEB26CCDB640FE420A124EE842A8EEF19BE7BCA7A7B7D48A659C09029EC21AFC836C96DC2217EE517DDE8CBA26FFECC14',1,'2026-11-25 13:22:47.011139');
INSERT INTO "spec" VALUES(3,'organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','ec88da8cee2c23cea3409b14dc1b522179e4540bd6a26bd308d4fccf003129a5',X'01397CE575E321A336274B39987EE591AF50657BB89FC5FF43E0CBF8F47D14EF7520E710BE3CA970828AC8186FF0391B5883D4750E96E7D9FD1F832AD22BF2372160DD452CAFB57D49C5FBA245D377C7AF41B2BEE2CECD6C6D2500CC31B57F0CBED9F647711E1855EAB98CFDE74FE75EA88FC17D9BB68D66F70E468758C98B16A0CB6D09427696DA9D222B3A5C6C2EBE1DC3B89FF72C317A9A8F86FF8FAAFF8F99BCC1FE10D4EDFEDF6CA9D0E734620B47E9585739DA01B060E4134EC1440D860AC51ECBD0911DCD052CB12ACFB16960BDF745CB10D422B7B3249D9F9A77838E925C11F2F1AEC456DD3AE3595F8C382C9589D54AB1719295D6',1,'2026-11-25 13:22:47.011139');
INSERT INTO "spec" VALUES(4,'organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','8536d9a252c45d7c91acaa5d833dae999f6bbdcbc6c3b04fcaf4401a5e06b9d0',X'01188B5B7916F8885BB4F55402E6CC57D5EE5C0647D7219EE89EFE06531626C7618C56D7D3C692EBFC1F60E96EE405C658D0BD8B5BB43F34326AD5C5A0CE647DE27BDF903D17EC3F66ED1727A90003EFE582DA0279E590581F697E9B2CD9E1C4D3D233E80F28B2E4521AF041640DE58B487EDAE7339896A79AC6FBF251656D880C42FBA927C72B9E1348B0BBAD0E1AB1A03115B403AE081F1E7526978DD161B30C56AE4BAD6566C5C58753043FCF3FC73171D13F2A3A43D1827BAECD4780',1,'2026-11-25 13:22:47.016637');
INSERT INTO "spec" VALUES(5,'organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','1910591459eef9a16a88437046e0e1acd401453055c9c748b88fc36711e72051',X'01B046BB162FE0A7E2118B44B8EB824212A813FB5DF7A0223E3D169AAB09F1959F4482E7B05A322C35546D8B83A9678B26570A517B30006F032693BC504E0F3D52FDC3DA4E79C29B5F0D1CB91373A42F88C75568568B53F4D85166C979F91020F029156359B78E19812A3B899C947D1BD872D0ACA6DC0603592C580D2DDEDF44694C2ED44E40D96AF7BE700092DF8AB69B8693B7FBCAF4B269515E5B11668C99BD8DFA8A62AA0E7DCD62BDB6DD172607FF497B132735FA78A7DC92BFC4629C',1,'2026-11-25 13:22:47.016637');
CREATE TABLE step (
	plan_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	ended DATETIME, 
	CONSTRAINT pk_step PRIMARY KEY (plan_id, n)
);
INSERT INTO "step" VALUES(1,1,'done','organization/eas-slices/test-0a1b2c/embed/0/f6213bff','{"op": "start", "how": "start", "service": "embed", "ordinal": 0, "revision": "e6e9c461ac1483d5", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 6144, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:22:47.671261');
INSERT INTO "step" VALUES(1,2,'done','organization/eas-slices/test-0a1b2c/llm/0/1d086e2f','{"op": "start", "how": "start", "service": "llm", "ordinal": 0, "revision": "fe1a41979d7127eb", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 49152, "compute": 10, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:22:47.671261');
INSERT INTO "step" VALUES(1,3,'done','organization/eas-slices/test-0a1b2c/page/0/85c4eb21','{"op": "start", "how": "start", "service": "page", "ordinal": 0, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:22:47.671261');
INSERT INTO "step" VALUES(1,4,'done','organization/eas-slices/test-0a1b2c/page/1/637e6ad8','{"op": "start", "how": "start", "service": "page", "ordinal": 1, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:22:47.675123');
INSERT INTO "step" VALUES(1,5,'done','organization/eas-slices/test-0a1b2c/tool/0/e2d35a69','{"op": "start", "how": "start", "service": "tool", "ordinal": 0, "revision": "2dac754080dcd066", "place": {"pool": "lab", "node": "gpu-a", "cards": [], "memory_mib": 0, "compute": 0, "cpu_milli": 2000, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 13:22:47.675123');
INSERT INTO "step" VALUES(1,6,'done','organization/eas-slices/test-0a1b2c/video/0/205fb27c','{"op": "start", "how": "start", "service": "video", "ordinal": 0, "revision": "7b2d57dc2881af14", "place": {"pool": "lab", "node": "gpu-a", "cards": ["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"], "memory_mib": 0, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": true}}','2026-11-25 13:22:47.675123');
CREATE TABLE waiting (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (owner, service, ordinal)
);
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','embed',1,1,'2026-11-25 13:22:47.629485');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',1,1,'2026-11-25 13:22:47.629485');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',2,1,'2026-11-25 13:22:47.629485');
CREATE TABLE wanted (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	plan_id INTEGER NOT NULL, 
	CONSTRAINT pk_wanted PRIMARY KEY (owner, service)
);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','{"service": "embed", "pool": "lab", "claim": {"gpu_memory": 6}, "instances": 2, "revision": "e6e9c461ac1483d5", "token_hash": "60cffde8d2138d9c", "spread": "host"}',1);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','{"service": "llm", "pool": "lab", "claim": {"gpu_memory": 48, "gpu_core_percentage": 10}, "revision": "fe1a41979d7127eb", "token_hash": "c1fdbb32db3f8f9e"}',1);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','{"service": "page", "pool": "lab", "claim": {"gpu_memory": 20, "gpu_core_percentage": 5}, "instances": 2, "revision": "4263bb702f72f0c1", "token_hash": "60cffde8d2138d9c", "labels": {"team": "search"}}',1);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','{"service": "tool", "pool": "lab", "claim": {"cpu_milli": 2000}, "revision": "2dac754080dcd066", "token_hash": "60cffde8d2138d9c"}',1);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','{"service": "video", "pool": "lab", "claim": {"gpu": 2}, "instances": 3, "revision": "7b2d57dc2881af14", "token_hash": "60cffde8d2138d9c"}',1);
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
