PRAGMA application_id = 1161909063;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
CREATE TABLE about (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('key','e50977806b92a360');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
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
	plan_id INTEGER, 
	actor JSON, 
	node VARCHAR, 
	cards JSON, 
	CONSTRAINT pk_event PRIMARY KEY (id)
);
INSERT INTO "event" VALUES(1,'2026-11-25 17:16:49.027735','organization/eas-slices/test-0a1b2c','owner/organization/eas-slices/test-0a1b2c','first seen','','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(2,'2026-11-25 17:16:49.027735','organization/eas-slices/test-0a1b2c','pool/lab','declared','2 nodes through eas-r-lab00001','GpuPool lab create',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(3,'2026-11-25 17:16:49.916596','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','declared','revision e6e9c461ac1483d5 on pool lab','EasService embed create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(4,'2026-11-25 17:16:49.992284','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','declared','revision fe1a41979d7127eb on pool lab','EasService llm create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(5,'2026-11-25 17:16:49.992284','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','declared','revision 4263bb702f72f0c1 on pool lab','EasService page create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(6,'2026-11-25 17:16:49.992284','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','declared','revision 7b2d57dc2881af14 on pool lab','EasService video create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(7,'2026-11-25 17:16:50.076364','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','declared','revision 2dac754080dcd066 on pool lab','EasService tool create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(8,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','pool/lab/gpu-a','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(9,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','pool/lab/gpu-b','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(10,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','plan/1','committed','6 steps','Placement create (pid 27226)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(11,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','reserved','start; 6144 MiB','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(12,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','reserved','start; 49152 MiB 10 %','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(13,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/d7734ad4','reserved','start; 20480 MiB 5 %','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(14,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/a25d5720','reserved','start; 20480 MiB 5 %','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(15,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/faf60938','reserved','start','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(16,'2026-11-25 17:16:51.609264','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/9397d202','reserved','start','Placement create (pid 27226)',1,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(17,'2026-11-25 17:16:51.801004','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease taken','1 by Placement create (pid 27226) (process 27226 on somewhere)','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(18,'2026-11-25 17:16:51.801004','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease taken','1 by Placement create (pid 27226) (process 27226 on somewhere)','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(19,'2026-11-25 17:16:51.801004','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease taken','1 by Placement create (pid 27226) (process 27226 on somewhere)','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(20,'2026-11-25 17:16:51.801004','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease taken','1 by Placement create (pid 27226) (process 27226 on somewhere)','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(21,'2026-11-25 17:16:51.801004','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease taken','1 by Placement create (pid 27226) (process 27226 on somewhere)','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(22,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(23,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(24,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/d7734ad4','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(25,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/a25d5720','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(26,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/faf60938','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(27,'2026-11-25 17:16:51.887299','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/9397d202','reserved -> starting','','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(28,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(29,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]');
INSERT INTO "event" VALUES(30,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/d7734ad4','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/d7734ad4','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(31,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/a25d5720','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/a25d5720','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]');
INSERT INTO "event" VALUES(32,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/faf60938','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/faf60938','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-a','[]');
INSERT INTO "event" VALUES(33,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/9397d202','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/9397d202','Placement create (pid 27226)',NULL,'{"who": "somewhere"}','lab/gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]');
INSERT INTO "event" VALUES(34,'2026-11-25 17:16:51.964494','organization/eas-slices/test-0a1b2c','plan/1','done','','Placement create (pid 27226)',1,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(35,'2026-11-25 17:16:51.990686','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease released','1','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(36,'2026-11-25 17:16:51.990686','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease released','1','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(37,'2026-11-25 17:16:51.990686','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease released','1','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(38,'2026-11-25 17:16:51.990686','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease released','1','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(39,'2026-11-25 17:16:51.990686','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease released','1','Placement create (pid 27226)',NULL,'{"who": "somewhere"}',NULL,NULL);
INSERT INTO "event" VALUES(40,'2026-11-25 17:16:56.250746','','pool/lab/gpu-b','ready -> cordoned','operator somewhere: fan','operator somewhere',NULL,'{"who": "somewhere"}',NULL,NULL);
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
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','organization/eas-slices/test-0a1b2c','embed',0,'1ec6b86d','steady','e6e9c461ac1483d5','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',6144,0,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','',1,'2026-11-25 17:16:51.964494');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','organization/eas-slices/test-0a1b2c','llm',0,'0bb7ab54','steady','fe1a41979d7127eb','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',49152,10,0,0,0,'ready','[]','c1fdbb32db3f8f9e','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','',1,'2026-11-25 17:16:51.964494');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/0/d7734ad4','organization/eas-slices/test-0a1b2c','page',0,'d7734ad4','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/d7734ad4','',1,'2026-11-25 17:16:51.964494');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/1/a25d5720','organization/eas-slices/test-0a1b2c','page',1,'a25d5720','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/a25d5720','',1,'2026-11-25 17:16:51.964494');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/tool/0/faf60938','organization/eas-slices/test-0a1b2c','tool',0,'faf60938','steady','2dac754080dcd066','lab','gpu-a','[]',0,0,2000,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/faf60938','',1,'2026-11-25 17:16:51.964494');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/video/0/9397d202','organization/eas-slices/test-0a1b2c','video',0,'9397d202','steady','7b2d57dc2881af14','lab','gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]',0,0,0,0,1,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/9397d202','',1,'2026-11-25 17:16:51.964494');
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
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','embed',1,0,27226,'somewhere#3d1219c7c4c5pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',26106.58,'Placement create (pid 27226)','2026-11-25 17:16:51.801004','2026-11-25 17:17:51.801004');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','llm',1,0,27226,'somewhere#3d1219c7c4c5pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',26106.58,'Placement create (pid 27226)','2026-11-25 17:16:51.801004','2026-11-25 17:17:51.801004');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','page',1,0,27226,'somewhere#3d1219c7c4c5pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',26106.58,'Placement create (pid 27226)','2026-11-25 17:16:51.801004','2026-11-25 17:17:51.801004');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','tool',1,0,27226,'somewhere#3d1219c7c4c5pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',26106.58,'Placement create (pid 27226)','2026-11-25 17:16:51.801004','2026-11-25 17:17:51.801004');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','video',1,0,27226,'somewhere#3d1219c7c4c5pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',26106.58,'Placement create (pid 27226)','2026-11-25 17:16:51.801004','2026-11-25 17:17:51.801004');
CREATE TABLE node (
	pool VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	departed BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_node PRIMARY KEY (pool, name)
);
INSERT INTO "node" VALUES('lab','gpu-a','{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}',0,'2026-11-25 17:16:51.609264');
INSERT INTO "node" VALUES('lab','gpu-b','{"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}',0,'2026-11-25 17:16:51.609264');
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
INSERT INTO "node_state" VALUES('lab','gpu-b','','operator','cordoned','fan','somewhere','2026-11-25 17:16:56.250746');
CREATE TABLE occupied (
	card VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	compute INTEGER NOT NULL, 
	CONSTRAINT pk_occupied PRIMARY KEY (card, instance)
);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d',6144,0);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54',49152,10);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/0/d7734ad4',20480,5);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/1/a25d5720',20480,5);
INSERT INTO "occupied" VALUES('GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839','organization/eas-slices/test-0a1b2c/video/0/9397d202',81251,100);
INSERT INTO "occupied" VALUES('GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7','organization/eas-slices/test-0a1b2c/video/0/9397d202',81251,100);
CREATE TABLE owner (
	name VARCHAR NOT NULL, 
	placement VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	options JSON, 
	CONSTRAINT pk_owner PRIMARY KEY (name)
);
INSERT INTO "owner" VALUES('organization/eas-slices/test-0a1b2c','placement-dd304669','2026-11-25 17:16:49.027735','{"memory_only": "mixed"}');
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
INSERT INTO "plan" VALUES(1,'organization/eas-slices/test-0a1b2c','done','Placement create (pid 27226)','2026-11-25 17:16:51.609264');
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
	quotas JSON, 
	CONSTRAINT pk_pool PRIMARY KEY (name)
);
INSERT INTO "pool" VALUES('lab','organization/eas-slices/test-0a1b2c','pool-56e97609','eas-r-lab00001','simulated','{}','[{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}, {"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}]',1,'2026-11-25 17:16:49.027735',NULL);
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
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','embed','service-2e424a61','lab','e6e9c461ac1483d5',1,'2026-11-25 17:16:49.916596');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','llm','service-f335f92b','lab','fe1a41979d7127eb',2,'2026-11-25 17:16:49.992284');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','page','service-2282062b','lab','4263bb702f72f0c1',3,'2026-11-25 17:16:49.992284');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','video','service-70dbc35d','lab','7b2d57dc2881af14',4,'2026-11-25 17:16:49.992284');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','tool','service-be4c3adc','lab','2dac754080dcd066',5,'2026-11-25 17:16:50.076364');
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
INSERT INTO "spec" VALUES(1,'organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','5da95b0b356c13a0891e2aafc586f96a0728b80e7a84b95b8b914494a6cede6d',X'012225C71FB6463E0D69DF2FA8FCC0B2D36309EFE1877FE63A6F57274C0B757D496CF16D3F1FA829CE61EF41506540182A7BC47F27A97026E30C243975020D77A86F2979C4D4500FCAE25489751275893C426BA321472B5788020DB4C96EF6C6B744D6AB30F1BCE8199CEFEC7A035F2EDE2D551B9F0E529696362A6D32C30E5D37F3603C688B67BB4906BC3FFE8F5A4F3F2738457B4B4B43DC86D4778903817414342DFEB08DCB0189E92E237C45D0D482EA9B05CA6A05582358501DCC7E86589F582F3410F46581E8F1C82883AC65AEB83AF7ECF45959DC7EAA952FBC240BE2351E1D3B033C1A8CB0BF1C863C75F37D',1,'2026-11-25 17:16:49.916596');
INSERT INTO "spec" VALUES(2,'organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','9460b386d676f71991d13c58814137b6490e0166523892ca0b72d7d1ae66eeba',X'010703767C3C29774DB2B40D8F8886BBE41D290684F06306A9616FFB5C9261E624209E44B48272E76D19268269C617D33AC8605C21BB7799713C96AB6D4E9950BFB2A55635ECE055ECD071F32B252ECC2518EA2D4437FE4495576BF0B6BE062BB48769ED790E62E791BBFCED6D6C1E8D4E60FB42CA9E23C1901BC578BE2A0C160D4D03A75D572052B61AF05A063C296001A6C458621D437EB0F17E797788ABFB1596DF05BFC672D14FA461F3AA726F0FA14B3005BF06877AA9017B99C153FDF166FCCF443D1BE7E6A407C09E3B666F62A0476C209DB14E7403A2A1586FD17E32BD4C113967AA10785575E6FCD3AE2CEB7EF446B8CFB72E008BE0',1,'2026-11-25 17:16:49.992284');
INSERT INTO "spec" VALUES(3,'organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','c08e4696ac83f68758562314b4f086bae5b762b8f4ff10ceb8464745ae7f5f14',X'01247053E67D30720B86877C2B84FA3033F78C068B1DE8505A28067280E635771D6AC03B729070A2254513D574C741581A509D7500FA019D42DB25E3749D1A6CA79E61F91F12193C90398F751674A9DC79A22D722457FC83E4647DFC7BB631B45C27994A1E0E01478146F848EB22F9EA148ECE57F1C07C6AF6085AA77D10808BD738DFE2C2168B223EF76707FD59C29DA77F8C04D27070825E819990229D8816A2C642265E9C31CE29CB63F8D0C1652227F36BBB8628EE13895EBE31D64CFF00C68029D194387EB9723F8C325CEF3EA383E2BBA57A41FA1BF79C0BB9BD21A701F2A42E5C4D4F1D40A96DFC0814E01D6B46C696CF923D19BC30',1,'2026-11-25 17:16:49.992284');
INSERT INTO "spec" VALUES(4,'organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','e3ea30253820d7740b09f5c453878faf45d707659eac47100f19528c85b9f1d1',X'017C3CE71789AE6D4DB56DF98CC842AFC9E6F647740F1469E1F49B4D89EFEC9C670D0FE4039EF84A905C7D05E34B858CE543A602F72BA203ADEB41AD569B3473E1E8B1147C7335A057C828537444E4B0B5C9A6D7226644509D3AF2903EAD838839C9C01024C583C03C805F3F9BA5D283A8894529DC5BBC55FF6394E56615CDF2C046977BAF8EC51DE0ABAE4CCB6CFDF0D7B86D638F1C67C9092C30F57C3E113D1C5A07A9C884E81610D84F193B7E1D10DA625B73FADC2C960D53C01CB5CCB4',1,'2026-11-25 17:16:49.992284');
INSERT INTO "spec" VALUES(5,'organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','0165a735cdfea243e610849407c3c10984a6d7daa3e18e13f78cdaaf1e4403c2',X'016E160C4F1AC696E33AF7AC967EFA7A531FDCFF8DFF48E686608E5F6C3663F4B1AABD69D0CCD5B5149CA4F91494E217867E7F40EFC1D396BCC5CBB52DA49F904E4100BA2A05DCE001FCE59ED5F6C53EBC7AF1E394CD49D4DA31604B69896310E2A49CCA04FE08DBF0F8C2889777C363049DCD8447B77157B44A8586A9052A8A23280E4CE98BF208BA733254F7EDAC883E6FAC66D374BB433F7335B93875C79751D23FB22A26BA26B94E8B1B432560C5059BBA57FE1606084471AA908719',1,'2026-11-25 17:16:50.076364');
CREATE TABLE step (
	plan_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	ended DATETIME, 
	CONSTRAINT pk_step PRIMARY KEY (plan_id, n)
);
INSERT INTO "step" VALUES(1,1,'done','organization/eas-slices/test-0a1b2c/embed/0/1ec6b86d','{"op": "start", "how": "start", "service": "embed", "ordinal": 0, "revision": "e6e9c461ac1483d5", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 6144, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 17:16:51.964494');
INSERT INTO "step" VALUES(1,2,'done','organization/eas-slices/test-0a1b2c/llm/0/0bb7ab54','{"op": "start", "how": "start", "service": "llm", "ordinal": 0, "revision": "fe1a41979d7127eb", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 49152, "compute": 10, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 17:16:51.964494');
INSERT INTO "step" VALUES(1,3,'done','organization/eas-slices/test-0a1b2c/page/0/d7734ad4','{"op": "start", "how": "start", "service": "page", "ordinal": 0, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 17:16:51.964494');
INSERT INTO "step" VALUES(1,4,'done','organization/eas-slices/test-0a1b2c/page/1/a25d5720','{"op": "start", "how": "start", "service": "page", "ordinal": 1, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 17:16:51.964494');
INSERT INTO "step" VALUES(1,5,'done','organization/eas-slices/test-0a1b2c/tool/0/faf60938','{"op": "start", "how": "start", "service": "tool", "ordinal": 0, "revision": "2dac754080dcd066", "place": {"pool": "lab", "node": "gpu-a", "cards": [], "memory_mib": 0, "compute": 0, "cpu_milli": 2000, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 17:16:51.964494');
INSERT INTO "step" VALUES(1,6,'done','organization/eas-slices/test-0a1b2c/video/0/9397d202','{"op": "start", "how": "start", "service": "video", "ordinal": 0, "revision": "7b2d57dc2881af14", "place": {"pool": "lab", "node": "gpu-a", "cards": ["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"], "memory_mib": 0, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": true}}','2026-11-25 17:16:51.964494');
CREATE TABLE waiting (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (owner, service, ordinal)
);
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','embed',1,1,'2026-11-25 17:16:51.609264');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',1,1,'2026-11-25 17:16:51.609264');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',2,1,'2026-11-25 17:16:51.609264');
CREATE TABLE wanted (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	plan_id INTEGER NOT NULL, 
	token BLOB, 
	CONSTRAINT pk_wanted PRIMARY KEY (owner, service)
);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','{"service": "embed", "pool": "lab", "claim": {"gpu_memory": 6}, "instances": 2, "revision": "e6e9c461ac1483d5", "token_hash": "60cffde8d2138d9c", "spread": "host"}',1,X'018EEED6DC018D05905C05D72958533972A29D8A3FF70C6BC56666E819C118F2783D876C3745697DD9B42908D00193C94637336992205C8B22F698FDB60857906A5F9EE56DC1F3882B86A9F4FDD5C38F449937D91DAC085D687F75236A23E9D31FA1E96F5B530E22EE');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','{"service": "llm", "pool": "lab", "claim": {"gpu_memory": 48, "gpu_core_percentage": 10}, "revision": "fe1a41979d7127eb", "token_hash": "c1fdbb32db3f8f9e"}',1,NULL);
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','{"service": "page", "pool": "lab", "claim": {"gpu_memory": 20, "gpu_core_percentage": 5}, "instances": 2, "revision": "4263bb702f72f0c1", "token_hash": "60cffde8d2138d9c", "labels": {"team": "search"}}',1,X'010325D9B2C94B25CBD42838C4D94E1908EC31289371959763427E85613CD8C89B23AF1AB6662B300B391B44CD38AAF933A9B12109E6BC3AA5337CDA8308F44943B1191FB9758E1121582D0331B984D04BC825654CDAE491C70C3A9EFD51D66DD65FF75D942C02B0DD');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','{"service": "tool", "pool": "lab", "claim": {"cpu_milli": 2000}, "revision": "2dac754080dcd066", "token_hash": "60cffde8d2138d9c"}',1,X'0153A6D8FCABF18EF9ACBC63FD27DA41551FAD8D87400C2E4251B6159F2D199BA8A5E2F49829D2E491DAB38D21782047505B2E7D201CC431E1D5F7799538CF7D3044DD21A31EDB4949EAE440FB0BD7547301B9921CB9CB3EACD608274160B27A81AED7146D45B2B1FE');
INSERT INTO "wanted" VALUES('organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','{"service": "video", "pool": "lab", "claim": {"gpu": 2}, "instances": 3, "revision": "7b2d57dc2881af14", "token_hash": "60cffde8d2138d9c"}',1,X'013C781C7CDA1CC4673638389586EC936B6B7F5EC804F3A16A547CD39C38687055247BCD41CBED1DC5EE3106EE26B011A0FD5558A4AD70E58A7B573EEAD9748192150EB81EEFE9F1103F426182F88F6370429D7CD5E44B75127FAD49A56858C22F2A3330A1D5C30BBD');
CREATE INDEX ix_card_pool_node ON card (pool, node);
CREATE INDEX ix_spec_owner_service_revision ON spec (owner, service, revision);
CREATE INDEX ix_past_spec_owner_service ON past_spec (owner, service);
CREATE INDEX ix_instance_pool_node ON instance (pool, node);
CREATE INDEX ix_instance_owner_service ON instance (owner, service);
CREATE INDEX ix_instance_state ON instance (state);
CREATE INDEX ix_occupied_instance ON occupied (instance);
CREATE INDEX ix_plan_owner_state ON "plan" (owner, state);
CREATE INDEX ix_step_instance ON step (instance);
CREATE INDEX ix_event_owner ON event (owner);
CREATE INDEX ix_event_subject ON event (subject);
CREATE INDEX ix_event_node ON event (node);
COMMIT;
