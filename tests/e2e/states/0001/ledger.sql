PRAGMA application_id = 1161909063;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
CREATE TABLE about (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('key','978c8d6768310d30');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
	CONSTRAINT pk_event PRIMARY KEY (id)
);
INSERT INTO "event" VALUES(1,'2026-11-25 11:00:24.558397','organization/eas-slices/test-0a1b2c','owner/organization/eas-slices/test-0a1b2c','first seen','','GpuPool lab create',NULL);
INSERT INTO "event" VALUES(2,'2026-11-25 11:00:24.558397','organization/eas-slices/test-0a1b2c','pool/lab','declared','2 nodes through eas-r-lab00001','GpuPool lab create',NULL);
INSERT INTO "event" VALUES(3,'2026-11-25 11:00:24.728031','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','declared','revision e6e9c461ac1483d5 on pool lab','EasService embed create (pid 8408)',NULL);
INSERT INTO "event" VALUES(4,'2026-11-25 11:00:24.731229','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','declared','revision fe1a41979d7127eb on pool lab','EasService llm create (pid 8408)',NULL);
INSERT INTO "event" VALUES(5,'2026-11-25 11:00:24.735773','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','declared','revision 7b2d57dc2881af14 on pool lab','EasService video create (pid 8408)',NULL);
INSERT INTO "event" VALUES(6,'2026-11-25 11:00:24.738229','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','declared','revision 4263bb702f72f0c1 on pool lab','EasService page create (pid 8408)',NULL);
INSERT INTO "event" VALUES(7,'2026-11-25 11:00:24.744339','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','declared','revision 2dac754080dcd066 on pool lab','EasService tool create (pid 8408)',NULL);
INSERT INTO "event" VALUES(8,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','pool/lab/gpu-a','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(9,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','pool/lab/gpu-b','taken up','ecs.gn7e-c16g1.8xlarge, 2 cards','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(10,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','plan/1','committed','6 steps','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(11,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/78109536','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 6144 MiB 0 %','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(12,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 49152 MiB 10 %','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(13,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/521c7321','reserved','lab/gpu-b GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c 20480 MiB 5 %','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(14,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/6598b9a5','reserved','lab/gpu-b GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a 20480 MiB 5 %','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(15,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/991d6763','reserved','lab/gpu-a','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(16,'2026-11-25 11:00:24.932495','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/371128ff','reserved','lab/gpu-a GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839 GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7 0 MiB 0 %','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(17,'2026-11-25 11:00:24.951534','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease taken','1 by Placement create (pid 8408) (process 8408 on somewhere)','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(18,'2026-11-25 11:00:24.951534','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease taken','1 by Placement create (pid 8408) (process 8408 on somewhere)','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(19,'2026-11-25 11:00:24.951534','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease taken','1 by Placement create (pid 8408) (process 8408 on somewhere)','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(20,'2026-11-25 11:00:24.951534','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease taken','1 by Placement create (pid 8408) (process 8408 on somewhere)','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(21,'2026-11-25 11:00:24.951534','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease taken','1 by Placement create (pid 8408) (process 8408 on somewhere)','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(22,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/78109536','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(23,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(24,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/521c7321','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(25,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/6598b9a5','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(26,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/991d6763','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(27,'2026-11-25 11:00:24.978792','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/371128ff','reserved -> starting','','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(28,'2026-11-25 11:00:24.994453','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed/0/78109536','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/78109536','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(29,'2026-11-25 11:00:24.994453','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(30,'2026-11-25 11:00:24.994453','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/1/6598b9a5','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/6598b9a5','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(31,'2026-11-25 11:00:24.998990','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page/0/521c7321','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/521c7321','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(32,'2026-11-25 11:00:24.998990','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool/0/991d6763','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/991d6763','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(33,'2026-11-25 11:00:24.998990','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video/0/371128ff','starting -> ready','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/371128ff','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(34,'2026-11-25 11:00:24.998990','organization/eas-slices/test-0a1b2c','plan/1','done','','Placement create (pid 8408)',1);
INSERT INTO "event" VALUES(35,'2026-11-25 11:00:25.002037','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/embed','lease released','1','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(36,'2026-11-25 11:00:25.002037','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/llm','lease released','1','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(37,'2026-11-25 11:00:25.002037','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/page','lease released','1','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(38,'2026-11-25 11:00:25.002037','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/tool','lease released','1','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(39,'2026-11-25 11:00:25.002037','organization/eas-slices/test-0a1b2c','organization/eas-slices/test-0a1b2c/video','lease released','1','Placement create (pid 8408)',NULL);
INSERT INTO "event" VALUES(40,'2026-11-25 11:00:27.203774','','pool/lab/gpu-b','ready -> cordoned','operator somewhere: fan','operator somewhere',NULL);
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
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/embed/0/78109536','organization/eas-slices/test-0a1b2c','embed',0,'78109536','steady','e6e9c461ac1483d5','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',6144,0,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/embed/0/78109536','',1,'2026-11-25 11:00:24.994453');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','organization/eas-slices/test-0a1b2c','llm',0,'41f2a0f7','steady','fe1a41979d7127eb','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',49152,10,0,0,0,'ready','[]','c1fdbb32db3f8f9e','http://simulated.invalid/organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','',1,'2026-11-25 11:00:24.994453');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/0/521c7321','organization/eas-slices/test-0a1b2c','page',0,'521c7321','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/0/521c7321','',1,'2026-11-25 11:00:24.998990');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/page/1/6598b9a5','organization/eas-slices/test-0a1b2c','page',1,'6598b9a5','steady','4263bb702f72f0c1','lab','gpu-b','["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"]',20480,5,0,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/page/1/6598b9a5','',1,'2026-11-25 11:00:24.994453');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/tool/0/991d6763','organization/eas-slices/test-0a1b2c','tool',0,'991d6763','steady','2dac754080dcd066','lab','gpu-a','[]',0,0,2000,0,0,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/tool/0/991d6763','',1,'2026-11-25 11:00:24.998990');
INSERT INTO "instance" VALUES('organization/eas-slices/test-0a1b2c/video/0/371128ff','organization/eas-slices/test-0a1b2c','video',0,'371128ff','steady','7b2d57dc2881af14','lab','gpu-a','["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"]',0,0,0,0,1,'ready','[]','60cffde8d2138d9c','http://simulated.invalid/organization/eas-slices/test-0a1b2c/video/0/371128ff','',1,'2026-11-25 11:00:24.998990');
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
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','embed',1,0,8408,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',3524.21,'Placement create (pid 8408)','2026-11-25 11:00:24.951534','2026-11-25 11:01:24.951534');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','llm',1,0,8408,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',3524.21,'Placement create (pid 8408)','2026-11-25 11:00:24.951534','2026-11-25 11:01:24.951534');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','page',1,0,8408,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',3524.21,'Placement create (pid 8408)','2026-11-25 11:00:24.951534','2026-11-25 11:01:24.951534');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','tool',1,0,8408,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',3524.21,'Placement create (pid 8408)','2026-11-25 11:00:24.951534','2026-11-25 11:01:24.951534');
INSERT INTO "lease" VALUES('organization/eas-slices/test-0a1b2c','video',1,0,8408,'somewhere#pid:[4026531836]','8bffc675-5a79-46ec-b98d-6cae47fa474d',3524.21,'Placement create (pid 8408)','2026-11-25 11:00:24.951534','2026-11-25 11:01:24.951534');
CREATE TABLE node (
	pool VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	departed BOOLEAN NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_node PRIMARY KEY (pool, name)
);
INSERT INTO "node" VALUES('lab','gpu-a','{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}',0,'2026-11-25 11:00:24.932495');
INSERT INTO "node" VALUES('lab','gpu-b','{"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}',0,'2026-11-25 11:00:24.932495');
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
INSERT INTO "node_state" VALUES('lab','gpu-b','','operator','cordoned','fan','somewhere','2026-11-25 11:00:27.203774');
CREATE TABLE occupied (
	card VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	compute INTEGER NOT NULL, 
	CONSTRAINT pk_occupied PRIMARY KEY (card, instance)
);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/embed/0/78109536',6144,0);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7',49152,10);
INSERT INTO "occupied" VALUES('GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c','organization/eas-slices/test-0a1b2c/page/0/521c7321',20480,5);
INSERT INTO "occupied" VALUES('GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a','organization/eas-slices/test-0a1b2c/page/1/6598b9a5',20480,5);
INSERT INTO "occupied" VALUES('GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839','organization/eas-slices/test-0a1b2c/video/0/371128ff',81251,100);
INSERT INTO "occupied" VALUES('GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7','organization/eas-slices/test-0a1b2c/video/0/371128ff',81251,100);
CREATE TABLE owner (
	name VARCHAR NOT NULL, 
	placement VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_owner PRIMARY KEY (name)
);
INSERT INTO "owner" VALUES('organization/eas-slices/test-0a1b2c','placement-b4b8bde9','2026-11-25 11:00:24.558397');
CREATE TABLE "plan" (
	id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	committed DATETIME NOT NULL, 
	CONSTRAINT pk_plan PRIMARY KEY (id)
);
INSERT INTO "plan" VALUES(1,'organization/eas-slices/test-0a1b2c','done','Placement create (pid 8408)','2026-11-25 11:00:24.932495');
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
INSERT INTO "pool" VALUES('lab','organization/eas-slices/test-0a1b2c','pool-98080d2b','eas-r-lab00001','simulated','{}','[{"pool": "lab", "name": "gpu-a", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z0", "state": "ready", "reason": ""}, {"pool": "lab", "name": "gpu-b", "instance_type": "ecs.gn7e-c16g1.8xlarge", "cpu_milli": 31000, "memory_mib": 256000, "cards": [{"uuid": "GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c", "index": 0, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}, {"uuid": "GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a", "index": 1, "model": "A100-80G", "memory_mib": 81251, "capacity_source": "usable"}], "zone": "z1", "state": "ready", "reason": ""}]',1,'2026-11-25 11:00:24.558397');
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
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','embed','service-bb623f18','lab','e6e9c461ac1483d5',1,'2026-11-25 11:00:24.728031');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','llm','service-3163c9b6','lab','fe1a41979d7127eb',2,'2026-11-25 11:00:24.731229');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','video','service-88a9e7f3','lab','7b2d57dc2881af14',3,'2026-11-25 11:00:24.735773');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','page','service-ab68135e','lab','4263bb702f72f0c1',4,'2026-11-25 11:00:24.738229');
INSERT INTO "service" VALUES('organization/eas-slices/test-0a1b2c','tool','service-5dc4a791','lab','2dac754080dcd066',5,'2026-11-25 11:00:24.744339');
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
INSERT INTO "spec" VALUES(1,'organization/eas-slices/test-0a1b2c','embed','e6e9c461ac1483d5','2eef498ca61be900db6d9015746eecd925734fcdf7c621a748973e9a3539d20e',X'012AB21652BC9A229C189AE333DDF591E9677B0FF4E3ACB0580298966CA0F7B3DE760E43A3B8810F2684BAFC9E7F65F1AF1476C5400E7BBC954DFEE013D937ACDC61CE89DA387B495149725EDFA827892AE604C9D82C6B7DB05EFC8A9A08E1CAAE8BFEEF97F2B8EEBE7748727A33AAFC06CE9A085664BC8B5FEF632C16BA9EACE108ACF310B7644F3524D9656C6E12F00369A9918F8A32E33B1137C91ED217F12FF36FA040FE96225FE13CEE09F190A449D8BA2EB546ED17013AE86BA50D1D2A24B9DA007C49FA4E074D0F2220027A3F734B725EDAB7DC2C257E471C71B3025029D4578D9F477B892277B641CA64C0B1',1,'2026-11-25 11:00:24.728031');
INSERT INTO "spec" VALUES(2,'organization/eas-slices/test-0a1b2c','llm','fe1a41979d7127eb','7890eeb80fba5be0c8a5060d226df59ea77668b63b4d9e45b0c281b46f45c0cc',X'01988F87B0A2AEAD9840536DAB08F9227427C85B39BA32A84619649E6992D0F1B90F49CF4A11B328099B0BB4BF48DE7FB302CACC327FEE54ED1AA429C802EB37920548937EA4F723E276D1D50232FD9D0595AD95305363424E348AAB308329E0E0CB793EA7BEC1BA5FEB9F75ADF1AE709C36BD5F63A3230FBA5001F74A2776BD5CD17C62CB19D3F12B0D1D5C76FBFB97381D119488F11649BCA2B2AB776CED17134CF5D2CCD8159EB23F6355231DFFA265BF9FD74984A56EAFAA4AFF395E893BD1447A7979FF3F2AF73B2957F8E7D80805883AEC39162B847E87E2BB34AC17D9AD79D7FE641C770FA19A700FA0D15A294E3AC2DD6D9E5547D220',1,'2026-11-25 11:00:24.731229');
INSERT INTO "spec" VALUES(3,'organization/eas-slices/test-0a1b2c','video','7b2d57dc2881af14','7fb185a7e672a1e9a5be9c0d407b21b7a1a8a9cae44e8a10fd26a744785cb737',X'0130FD8DA69E9CB3F8B63C53ED442CC44FF922459150AB6C5B715BD262DA97ECB98E38EBD9844D1261400E5BECB0951AD51B8B56E81E10D2E19BDDF1B292A51F7F2230FBB0E003CD4C1B7433958D5D046BCE664733A70D0DB8BBCB684D02B3C58D5031F5ABE66B27E78160A40A37227AE3EEB0CBD4843FDF5BA4F7948DD0D34CE02C51159B605D182BD56E2A58D43582EBFAF364AAF3595FE716EFB1FE525968B31C5183425BC233BF263B7FDC38C66A9119ADE91D5A6BD642DA62D8CEC358',1,'2026-11-25 11:00:24.735773');
INSERT INTO "spec" VALUES(4,'organization/eas-slices/test-0a1b2c','page','4263bb702f72f0c1','3edd7c06f53ee35a8ea063435ad8913f5d3a491c7a1e6773b0a7d997c2632e87',X'01F64812643184EF8A10630C574B1E717AD88FBB1DFBA333AD2DBB2426819F63420F20E03BF56DD1C68218AABFBF7F0417FBB13F0A8E05B1992C84C385AF3BD23DC0DCC0DC943116182F55439962F5090494C6E8B68982F193593C541E3DE4B63E57B0D79CC469A7B772580A5F38F8DD38DC3ADA1488E8AAFA83ADB2BA378FE7118E9D0CDC65FF265FE633BC1F2470D6D64BC266F4524D254FA6F707FEB048052AC6331A3E3BBE149A170CE12297F898FAA1432AB27981C1540B7C4AB0833139A363B144988EB2BDD38BBB1263B2329D1B2238EB0D2AABE2115183310C83EE24F1F1D382DEC5E039E9BBAA4BDF3A076F2763A1FFE5DD07FAA6',1,'2026-11-25 11:00:24.738229');
INSERT INTO "spec" VALUES(5,'organization/eas-slices/test-0a1b2c','tool','2dac754080dcd066','c68dbd48054445ed94cdc93585c6cd88bee5f4fda812498367cd77e75027ee9c',X'0111092CBD945FA70C8AC1DFAF14A213C8061C168F415A5D6E14F430976C153A974A8453E67F1AB54A6F61CE00C956F3BF4318E27C86656BDD2E4558A1B5EF5698F30B656DBAC2E00507FDE92FDC4009F15AEB5BB11C33CEA89FB0E4B6C898CB9414A0A415AECD4136FA083ECE372AAA4419872041C145B4467885E93C006ABC5DE3C23D52756894765872F46FFFF2ABD4C507E00DA9590D767E6DE1D73462B53F2C1DF7ABE57459BA9CC979019368F27755A67A9EC16D7D46A54DE98198',1,'2026-11-25 11:00:24.744339');
CREATE TABLE step (
	plan_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	ended DATETIME, 
	CONSTRAINT pk_step PRIMARY KEY (plan_id, n)
);
INSERT INTO "step" VALUES(1,1,'done','organization/eas-slices/test-0a1b2c/embed/0/78109536','{"op": "start", "how": "start", "service": "embed", "ordinal": 0, "revision": "e6e9c461ac1483d5", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 6144, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 11:00:24.994453');
INSERT INTO "step" VALUES(1,2,'done','organization/eas-slices/test-0a1b2c/llm/0/41f2a0f7','{"op": "start", "how": "start", "service": "llm", "ordinal": 0, "revision": "fe1a41979d7127eb", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 49152, "compute": 10, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 11:00:24.994453');
INSERT INTO "step" VALUES(1,3,'done','organization/eas-slices/test-0a1b2c/page/0/521c7321','{"op": "start", "how": "start", "service": "page", "ordinal": 0, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-0040be99-08e3-50e7-8d28-c51bdd6fee4c"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 11:00:24.998990');
INSERT INTO "step" VALUES(1,4,'done','organization/eas-slices/test-0a1b2c/page/1/6598b9a5','{"op": "start", "how": "start", "service": "page", "ordinal": 1, "revision": "4263bb702f72f0c1", "place": {"pool": "lab", "node": "gpu-b", "cards": ["GPU-10a9d72a-f7d3-5bc2-9988-ccf041c9df8a"], "memory_mib": 20480, "compute": 5, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 11:00:24.994453');
INSERT INTO "step" VALUES(1,5,'done','organization/eas-slices/test-0a1b2c/tool/0/991d6763','{"op": "start", "how": "start", "service": "tool", "ordinal": 0, "revision": "2dac754080dcd066", "place": {"pool": "lab", "node": "gpu-a", "cards": [], "memory_mib": 0, "compute": 0, "cpu_milli": 2000, "node_memory_mib": 0, "exclusive": false}}','2026-11-25 11:00:24.998990');
INSERT INTO "step" VALUES(1,6,'done','organization/eas-slices/test-0a1b2c/video/0/371128ff','{"op": "start", "how": "start", "service": "video", "ordinal": 0, "revision": "7b2d57dc2881af14", "place": {"pool": "lab", "node": "gpu-a", "cards": ["GPU-a9351b33-5e7d-5df1-9e43-7ec04a353839", "GPU-6370cc7c-6501-5cbc-89de-2816b7bdd9b7"], "memory_mib": 0, "compute": 0, "cpu_milli": 0, "node_memory_mib": 0, "exclusive": true}}','2026-11-25 11:00:24.998990');
CREATE TABLE waiting (
	owner VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (owner, service, ordinal)
);
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','embed',1,1,'2026-11-25 11:00:24.932495');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',1,1,'2026-11-25 11:00:24.932495');
INSERT INTO "waiting" VALUES('organization/eas-slices/test-0a1b2c','video',2,1,'2026-11-25 11:00:24.932495');
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
COMMIT;
