BEGIN TRANSACTION;
CREATE TABLE aggregates (
	lid VARCHAR NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	label_sha256 VARCHAR NOT NULL, 
	label_md5 VARCHAR NOT NULL, 
	label_bytes BIGINT NOT NULL, 
	companion_sha256 VARCHAR NOT NULL, 
	companion_md5 VARCHAR NOT NULL, 
	companion_bytes BIGINT NOT NULL, 
	label_path TEXT NOT NULL, 
	companion_path TEXT NOT NULL, 
	start_time VARCHAR NOT NULL, 
	stop_time VARCHAR NOT NULL, 
	history JSON NOT NULL, 
	members_digest VARCHAR NOT NULL, 
	current BOOLEAN NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (lid, major, minor), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'collection','urn:nasa:pds:maven.anc','af788f9549707e225c957779e89c35512632b03890814b8cf35fda353585defd','0041fb06ade5c7c308b01a86dc0f40fe',4906,'70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd','e5d54bca55c5974e20186b30a9421a1f',66,'data_drf_gnc/collection_data_drf_gnc_1.0.xml','data_drf_gnc/collection_data_drf_gnc_inventory_1.0.csv','2014-11-15T03:46:24.479Z','2014-11-15T16:14:01.634Z','[["2015-01-10", "1.0", "First release: 1 product, data from 2014-11-15 to 2014-11-15."]]','70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd',0,'20261121T103555Z-c73a4c9');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.pf',1,0,'collection','urn:nasa:pds:maven.anc','54961673089436cc92c00a5693fac847a41b1517bcdbb5746deba462335bbe4e','2aaedfb2954cb96bd1afd933a1b05834',4876,'16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9','fccb61f1865e50bdb17df2b3db7f8354',64,'data_drf_pf/collection_data_drf_pf_1.0.xml','data_drf_pf/collection_data_drf_pf_inventory_1.0.csv','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z','[["2015-01-10", "1.0", "First release: 1 product, data from 2014-11-15 to 2014-11-15."]]','16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9',0,'20261121T103555Z-c73a4c9');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc',1,0,'bundle','urn:nasa:pds:maven.anc','dd323d4308f3c61d1687996954ecc44f1be1bce339fed4d0e6edfae8e281f290','e61e84de9c9110fb636ff556658d0d63',4344,'f27ae04d8907ad2d4dbef215084851a15bdb51331fc47e0b74f15d9e824b4099','289a453eba05d48c7948667ab042ce0d',640,'bundle_maven_anc_1.0.xml','readme_maven_anc_1.0.txt','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z','[["2015-01-10", "1.0", "First release: 2 collections, data from 2014-11-15 to 2014-11-15."]]','af9d3d5d4b48ffca0ae5c6a04222e22c17af0952b12092c1bfd37b2ba38ce983',0,'20261121T103555Z-c73a4c9');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.eps',1,0,'collection','urn:nasa:pds:maven.anc','8fd51709a44d595777dce4aaa261b2bbcc3a67cf3fe72941637c5d95dad48713','44a1147b0262fe8486fdeff36a90b5b4',4892,'2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b','c515920e56a36b0799bcd301bea853f1',132,'data_drf_eps/collection_data_drf_eps_1.0.xml','data_drf_eps/collection_data_drf_eps_inventory_1.0.csv','2014-11-15T00:11:12.813Z','2014-11-16T22:09:43.877Z','[["2015-04-10", "1.0", "First release: 2 products, data from 2014-11-15 to 2014-11-16."]]','2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b',1,'20261121T103557Z-a86a1c7');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'collection','urn:nasa:pds:maven.anc','fa4714508c40bb752bbd8f61876b72b6361af86e51c70a1d6e51941e7a36211f','1801ea0eeda017cb751caf2e8d24acbe',5166,'72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f','da84be92386c9585d237a42e4ee670cb',132,'data_drf_gnc/collection_data_drf_gnc_1.1.xml','data_drf_gnc/collection_data_drf_gnc_inventory_1.1.csv','2014-11-15T03:44:27.250Z','2014-11-16T16:17:31.336Z','[["2015-04-10", "1.1", "1 product added, 1 product changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "First release: 1 product, data from 2014-11-15 to 2014-11-15."]]','72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f',1,'20261121T103557Z-a86a1c7');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.pf',1,1,'collection','urn:nasa:pds:maven.anc','0cc8af200af50fe0d65154f6f74651aae6b6d2d493964bb3c8f1d6291400f5da','ce93c205a9fa4cb7c5a1ad4ff2d8b43a',5136,'b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5','6b2a33438c5a3a260910c746d97c2875',128,'data_drf_pf/collection_data_drf_pf_1.1.xml','data_drf_pf/collection_data_drf_pf_inventory_1.1.csv','2014-11-15T00:03:01.029Z','2014-11-16T22:17:01.075Z','[["2015-04-10", "1.1", "1 product added, 1 product changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "First release: 1 product, data from 2014-11-15 to 2014-11-15."]]','b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5',1,'20261121T103557Z-a86a1c7');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc',1,1,'bundle','urn:nasa:pds:maven.anc','bb153c0e792c60b032a395b9957ae1705b6f807662de81f72426a3ada4151bdf','b52aa39f2544c35617c37789819c1021',4848,'065d6997f6ead1f53540ce58d7928f1d200773fa6c5f89e8a62add9110a7a477','7bd0d169d8942e7330d55d6c686c7b27',763,'bundle_maven_anc_1.1.xml','readme_maven_anc_1.1.txt','2014-11-15T00:03:01.029Z','2014-11-16T22:17:01.075Z','[["2015-04-10", "1.1", "1 collection added, 2 collections changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "First release: 2 collections, data from 2014-11-15 to 2014-11-15."]]','8bf0bf976bf3af4f6ac6140343bea769fb5dc116fb6e6e392e4a2e2b4a6cd820',1,'20261121T103557Z-a86a1c7');
CREATE TABLE deliveries (
	delivery_id VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	first_day VARCHAR NOT NULL, 
	last_day VARCHAR NOT NULL, 
	package_key TEXT NOT NULL, 
	transfer_key TEXT NOT NULL, 
	checksum_key TEXT NOT NULL, 
	note_key TEXT NOT NULL, 
	format VARCHAR NOT NULL, 
	codec VARCHAR NOT NULL, 
	package_bytes BIGINT NOT NULL, 
	package_sha256 VARCHAR NOT NULL, 
	products INTEGER NOT NULL, 
	members INTEGER NOT NULL, 
	run_id VARCHAR NOT NULL, 
	run_time VARCHAR NOT NULL, 
	PRIMARY KEY (delivery_id), 
	UNIQUE (bundle_lid, number), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "deliveries" VALUES('maven_anc_d001','urn:nasa:pds:maven.anc',1,'verified','2014-11-15','2014-11-15','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001.zip','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_transfer_manifest.txt','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_checksum_manifest.txt','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_delivery_note.txt','zip','libdeflate 0.9.0 level 1',15138,'685907815cbc80561d4718170bcd6553e035c7b4b8a1905f1efbdff228fecc00',2,10,'20261121T103555Z-c73a4c9','2015-01-10T00:00:00Z');
INSERT INTO "deliveries" VALUES('maven_anc_d002','urn:nasa:pds:maven.anc',2,'verified','2014-11-15','2014-11-16','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002.zip','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_transfer_manifest.txt','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_checksum_manifest.txt','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_delivery_note.txt','zip','libdeflate 0.9.0 level 1',31317,'cf0c0a865d1fc881ccd8a9805b209082fd9a180ff5e55ebe0a3ba184e061df10',6,20,'20261121T103557Z-a86a1c7','2015-04-10T00:00:00Z');
CREATE TABLE delivery_members (
	delivery_id VARCHAR NOT NULL, 
	path TEXT NOT NULL, 
	lid VARCHAR NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	file_sha256 VARCHAR NOT NULL, 
	file_md5 VARCHAR NOT NULL, 
	file_bytes BIGINT NOT NULL, 
	PRIMARY KEY (delivery_id, path), 
	FOREIGN KEY(delivery_id) REFERENCES deliveries (delivery_id)
);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','bundle_maven_anc_1.0.xml','urn:nasa:pds:maven.anc',1,0,'dd323d4308f3c61d1687996954ecc44f1be1bce339fed4d0e6edfae8e281f290','e61e84de9c9110fb636ff556658d0d63',4344);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'3975d8f82d1243d8799a6af2be3234902a53db3473119b5763469c3c56098e75','9dd90eacb6a367c6da4811d3f212c6fe',12341);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/collection_data_drf_gnc_1.0.xml','urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'af788f9549707e225c957779e89c35512632b03890814b8cf35fda353585defd','0041fb06ade5c7c308b01a86dc0f40fe',4906);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/collection_data_drf_gnc_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd','e5d54bca55c5974e20186b30a9421a1f',66);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/2014/sci_anc_pf14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/2014/sci_anc_pf14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'162a88c85e8845303391ef2ecfb5e0c3241f26c4bea3e9d4a88c326dcf65a667','d0a04631f34fd98e232cfd5cafc5ebcb',27983);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/collection_data_drf_pf_1.0.xml','urn:nasa:pds:maven.anc:data.drf.pf',1,0,'54961673089436cc92c00a5693fac847a41b1517bcdbb5746deba462335bbe4e','2aaedfb2954cb96bd1afd933a1b05834',4876);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/collection_data_drf_pf_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.pf',1,0,'16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9','fccb61f1865e50bdb17df2b3db7f8354',64);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','readme_maven_anc_1.0.txt','urn:nasa:pds:maven.anc',1,0,'f27ae04d8907ad2d4dbef215084851a15bdb51331fc47e0b74f15d9e824b4099','289a453eba05d48c7948667ab042ce0d',640);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','bundle_maven_anc_1.1.xml','urn:nasa:pds:maven.anc',1,1,'bb153c0e792c60b032a395b9957ae1705b6f807662de81f72426a3ada4151bdf','b52aa39f2544c35617c37789819c1021',4848);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'b6736c6b2f75aac1d99fb4a467a1890113f498926420cd6d879ff77014f6c71f','7b7fd10baf0eaa0cb6f2acf0ccc7e2ac',7259);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_320_321.drf','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_320_321.xml','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'cc0ab50e4846f6be46c96e6b849c4cf27d96f4c14d60fd7da353adf1a58bfa79','b4d92a3e0be141453db9d44eebdaceea',7259);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/collection_data_drf_eps_1.0.xml','urn:nasa:pds:maven.anc:data.drf.eps',1,0,'8fd51709a44d595777dce4aaa261b2bbcc3a67cf3fe72941637c5d95dad48713','44a1147b0262fe8486fdeff36a90b5b4',4892);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/collection_data_drf_eps_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.eps',1,0,'2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b','c515920e56a36b0799bcd301bea853f1',132);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'807313391f395fcf8534bf2eb165a6fa73a2906035f88d4a51335cf162ec37e1','b50deeda1de23a963afe15fbe0344935',12572);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'35869dede1e1757e6b58e944d6e0f8e314e6f49645b5901d494952d91007de4e','7570f0d58dc6cf07f7416786953fcca8',12341);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/collection_data_drf_gnc_1.1.xml','urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'fa4714508c40bb752bbd8f61876b72b6361af86e51c70a1d6e51941e7a36211f','1801ea0eeda017cb751caf2e8d24acbe',5166);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/collection_data_drf_gnc_inventory_1.1.csv','urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f','da84be92386c9585d237a42e4ee670cb',132);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'eb85c6f4bc673151cf5706c9b77c08f8d292ef3b822e3eb2ee54b119588c813a','6aebd0f5235640b3b6de999496fcf77b',28214);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'a3326c4581dc9daf346748b4a0972588d6ad199c2644909088b78e279d017b08','2839faab9f911defb75eac9923b0cf4c',27983);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/collection_data_drf_pf_1.1.xml','urn:nasa:pds:maven.anc:data.drf.pf',1,1,'0cc8af200af50fe0d65154f6f74651aae6b6d2d493964bb3c8f1d6291400f5da','ce93c205a9fa4cb7c5a1ad4ff2d8b43a',5136);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/collection_data_drf_pf_inventory_1.1.csv','urn:nasa:pds:maven.anc:data.drf.pf',1,1,'b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5','6b2a33438c5a3a260910c746d97c2875',128);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','readme_maven_anc_1.1.txt','urn:nasa:pds:maven.anc',1,1,'065d6997f6ead1f53540ce58d7928f1d200773fa6c5f89e8a62add9110a7a477','7bd0d169d8942e7330d55d6c686c7b27',763);
CREATE TABLE findings (
	source_uri TEXT NOT NULL, 
	run_id VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	severity VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	record BIGINT, 
	offset_bytes BIGINT, 
	field VARCHAR, 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "findings" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_321_322.drf','20261121T103557Z-a86a1c7','empty','error','the file is empty','have it sent again, or exclude it',NULL,NULL,NULL);
CREATE TABLE meta (
	schema_version INTEGER NOT NULL
);
INSERT INTO "meta" VALUES(1);
CREATE TABLE products (
	lid VARCHAR NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	collection_lid VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	product_id VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	start_time VARCHAR NOT NULL, 
	stop_time VARCHAR NOT NULL, 
	records BIGINT NOT NULL, 
	source_uri TEXT NOT NULL, 
	source_name TEXT NOT NULL, 
	source_mtime_ns BIGINT NOT NULL, 
	source_version VARCHAR NOT NULL, 
	source_sha256 VARCHAR NOT NULL, 
	source_md5 VARCHAR NOT NULL, 
	source_bytes BIGINT NOT NULL, 
	data_sha256 VARCHAR NOT NULL, 
	data_md5 VARCHAR NOT NULL, 
	data_bytes BIGINT NOT NULL, 
	label_sha256 VARCHAR NOT NULL, 
	label_md5 VARCHAR NOT NULL, 
	label_bytes BIGINT NOT NULL, 
	parquet_sha256 VARCHAR NOT NULL, 
	parquet_md5 VARCHAR NOT NULL, 
	parquet_bytes BIGINT NOT NULL, 
	label_digest VARCHAR NOT NULL, 
	data_path TEXT NOT NULL, 
	label_path TEXT NOT NULL, 
	parquet_path TEXT NOT NULL, 
	creation_time VARCHAR NOT NULL, 
	history JSON NOT NULL, 
	mends JSON NOT NULL, 
	current BOOLEAN NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (lid, major, minor), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_318_319','2014-11-15','2014-11-15T03:46:24.479Z','2014-11-15T16:14:01.634Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',1795257354963919614,'','38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680,'38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680,'3975d8f82d1243d8799a6af2be3234902a53db3473119b5763469c3c56098e75','9dd90eacb6a367c6da4811d3f212c6fe',12341,'af3e3f749c960a45d2d60329ae5a7c75b97238bfc483693eea866f25b0fef083','0b18510211344314f44401a906939bb9',24547,'3fac2f8ec4ac4206c6ce0ebed66ba909cb109b71102a3e2cf6ffd46a2b818669','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','type=gnc/year=2014/sci_anc_gnc14_318_319.parquet','2015-01-10T00:00:00Z','[["2015-01-10", "1.0", "First release of this product."]]','[]',0,'20261121T103555Z-c73a4c9');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_318_319','2014-11-15','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',1795257354967150512,'','6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544,'6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544,'162a88c85e8845303391ef2ecfb5e0c3241f26c4bea3e9d4a88c326dcf65a667','d0a04631f34fd98e232cfd5cafc5ebcb',27983,'c56d16b84a3f842f5d9ceb1194eb23c3302bc1434b7d4065d6ec1d07c01370bf','b5430407fa006151ab2ec22875773235',48396,'a552fd788afd1fb83746f0f3ba832a6f6400ee3506d9ecc5513582566d0cfde9','data_drf_pf/2014/sci_anc_pf14_318_319.drf','data_drf_pf/2014/sci_anc_pf14_318_319.xml','type=pf/year=2014/sci_anc_pf14_318_319.parquet','2015-01-10T00:00:00Z','[["2015-01-10", "1.0", "First release of this product."]]','[]',0,'20261121T103555Z-c73a4c9');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.eps','urn:nasa:pds:maven.anc','eps','sci_anc_eps14_319_320','2014-11-15','2014-11-15T00:11:12.813Z','2014-11-15T22:00:47.428Z',12,'@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','eps/2014/sci_anc_eps14_319_320.drf',1420000000000000000,'','f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600,'f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600,'b6736c6b2f75aac1d99fb4a467a1890113f498926420cd6d879ff77014f6c71f','7b7fd10baf0eaa0cb6f2acf0ccc7e2ac',7259,'4549b89ae9f838a30990276e8c23dfe57cceaf6c2e71d07d9e2226c18b8b180d','994247578e02b3da018526aef85bc7c0',7973,'55c9d5613c2be5966519423e818604cf6a9fcee9ea9d0660c7498af1e5f28b4d','data_drf_eps/2014/sci_anc_eps14_319_320.drf','data_drf_eps/2014/sci_anc_eps14_319_320.xml','type=eps/year=2014/sci_anc_eps14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'urn:nasa:pds:maven.anc:data.drf.eps','urn:nasa:pds:maven.anc','eps','sci_anc_eps14_320_321','2014-11-16','2014-11-16T00:30:50.238Z','2014-11-16T22:09:43.877Z',12,'@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','eps/2014/sci_anc_eps14_320_321.drf',1420000000000000000,'','77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600,'77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600,'cc0ab50e4846f6be46c96e6b849c4cf27d96f4c14d60fd7da353adf1a58bfa79','b4d92a3e0be141453db9d44eebdaceea',7259,'b7e6cbad41dc1aba34a0a5feeba455d33772ed508f368b0d98aab0c6934ceef6','4e17feb8890aad6d19cfa77363cab6e9',7903,'e4d37641361bc9297a9beb4ca727e2a4d9c6cf38ca6bb98bdfe0e8a965a3ee36','data_drf_eps/2014/sci_anc_eps14_320_321.drf','data_drf_eps/2014/sci_anc_eps14_320_321.xml','type=eps/year=2014/sci_anc_eps14_320_321.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_318_319','2014-11-15','2014-11-15T03:44:27.250Z','2014-11-15T15:54:10.750Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',1420000000000000000,'','a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680,'a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680,'807313391f395fcf8534bf2eb165a6fa73a2906035f88d4a51335cf162ec37e1','b50deeda1de23a963afe15fbe0344935',12572,'a4a1fd59d6030f84325211239a2afc89209cb8c3540b92896c745d9388d5ab9f','4eb84c7ab73d7d07114d15f76bdea491',24543,'840009599ba217e4b083d2c1a161d395b6296bd2292da5131e8891a91e5be285','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','type=gnc/year=2014/sci_anc_gnc14_318_319.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "2.0", "The data file replaces that of version 1.0."], ["2015-01-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_319_320','2014-11-16','2014-11-16T03:38:59.741Z','2014-11-16T16:17:31.336Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','gnc/2014/sci_anc_gnc14_319_320.drf',1420000000000000000,'','e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680,'e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680,'35869dede1e1757e6b58e944d6e0f8e314e6f49645b5901d494952d91007de4e','7570f0d58dc6cf07f7416786953fcca8',12341,'11bbec0089a82d6f82df5e074b78093cf7b1d0f99b98d75ea15b6073d3201e82','58e23b413039c643012e7854984a17de',24540,'c1c64ba88351abcabba559ac2a7fcc7378e3f362aa5f398bf0faa5ea6ec1cb39','data_drf_gnc/2014/sci_anc_gnc14_319_320.drf','data_drf_gnc/2014/sci_anc_gnc14_319_320.xml','type=gnc/year=2014/sci_anc_gnc14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_318_319','2014-11-15','2014-11-15T00:03:01.029Z','2014-11-15T22:02:57.992Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',1420000000000000000,'','6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544,'6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544,'eb85c6f4bc673151cf5706c9b77c08f8d292ef3b822e3eb2ee54b119588c813a','6aebd0f5235640b3b6de999496fcf77b',28214,'3a6ec8035840aef4b221bc04af4b80fc975128f51254d1779c5607af6b65cf2c','70384c6c0771b8501f6192797879ef9f',48230,'be554a7dfb5e7afc3c452f116e63a09daf61a861d251728a25ce3eeacaf7f81f','data_drf_pf/2014/sci_anc_pf14_318_319.drf','data_drf_pf/2014/sci_anc_pf14_318_319.xml','type=pf/year=2014/sci_anc_pf14_318_319.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "2.0", "The data file replaces that of version 1.0."], ["2015-01-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_319_320','2014-11-16','2014-11-16T00:48:36.997Z','2014-11-16T22:17:01.075Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','pf/2014/sci_anc_pf14_319_320.drf',1420000000000000000,'','f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544,'f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544,'a3326c4581dc9daf346748b4a0972588d6ad199c2644909088b78e279d017b08','2839faab9f911defb75eac9923b0cf4c',27983,'34fbede922af0ca2afb0b8000c6386c2d1af3510885a43c618b8d63de895175a','5cf9b9cd9ef4030a87c8cba8b7928fd0',48172,'9b5e03dd719dc647297da0cf93facd5a0b6b75398b575b74b0a3b4b6aff1a7f0','data_drf_pf/2014/sci_anc_pf14_319_320.drf','data_drf_pf/2014/sci_anc_pf14_319_320.xml','type=pf/year=2014/sci_anc_pf14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "First release of this product."]]','[]',1,'20261121T103557Z-a86a1c7');
CREATE TABLE runs (
	run_id VARCHAR NOT NULL, 
	run_time VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	started_at VARCHAR NOT NULL, 
	ended_at VARCHAR, 
	profile VARCHAR NOT NULL, 
	profile_digest VARCHAR NOT NULL, 
	config JSON NOT NULL, 
	summary JSON, 
	PRIMARY KEY (run_id)
);
INSERT INTO "runs" VALUES('20261121T103555Z-c73a4c9','2015-01-10T00:00:00Z','full','success','2026-11-21T10:35:55Z','2026-11-21T10:35:56Z','maven-anc','618fc61c6ecea4c897ae9fda223a85596cda44753dc4f8a0081bfc7b02fd95d1','{"mission": {"profile": "maven-anc"}, "source": {"uri": "@ROOT@/source", "settle_s": 0.0, "options": {}}, "output": {"uri": "@ROOT@/output", "views": "link", "options": {}}, "catalog": {"url": null}, "run": {"time": "2015-01-10T00:00:00Z", "max_file_bytes": 67108864, "partition_bytes": 50331648, "reason": ""}, "validate": {"xml_catalog": null}, "repair": {"policy": "minimal", "max_leading": 100, "max_damaged": 0}, "package": {"by": "delivery", "format": "zip", "max_bytes": 4293918720, "codec": "libdeflate", "level": 1}, "compute": {"site": "serial", "workers": null, "memory_limit": 2147483648, "address": null, "dashboard": "127.0.0.1:0"}}','{"run_id": "20261121T103555Z-c73a4c9", "run_time": "2015-01-10T00:00:00Z", "status": "success", "products": {"processed": 2, "unchanged": 0, "superseded": 0, "held": 0, "quarantined": 0, "excluded": 0, "ignored": 0, "failed": 0, "total": 2, "arriving": 0}, "newly_set_aside": 0, "resumed": [], "bytes_in": 14224, "elapsed_s": 0.247, "site_start_s": 0.013, "validation": "not checked", "stages": [{"name": "discover", "elapsed_s": 0.007, "files": 2, "bytes": 14224, "arriving": 0, "driver_peak_bytes": 198324224}, {"name": "plan", "elapsed_s": 0.0, "products": 2, "files": 2, "bytes": 14224, "driver_peak_bytes": 198324224}, {"name": "process", "elapsed_s": 0.183, "files": 2, "bytes": 14224, "tasks": 1, "driver_peak_bytes": 260308992}, {"name": "assemble", "elapsed_s": 0.011, "collections": 2, "bundles": 1, "driver_peak_bytes": 260440064}, {"name": "publish", "elapsed_s": 0.01, "files": 12, "driver_peak_bytes": 260571136}, {"name": "package", "elapsed_s": 0.01, "packages": 1, "bytes": 15138, "driver_peak_bytes": 261095424}, {"name": "verify", "elapsed_s": 0.01, "packages": 1, "bytes": 15138, "driver_peak_bytes": 261095424}], "deliveries": [{"delivery_id": "maven_anc_d001", "state": "verified", "package": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001.zip", "transfer_manifest": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_transfer_manifest.txt", "checksum_manifest": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_checksum_manifest.txt", "delivery_note": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_delivery_note.txt", "products": 2, "bytes": 15138, "sha256": "685907815cbc80561d4718170bcd6553e035c7b4b8a1905f1efbdff228fecc00"}], "not_checked": ["XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)"], "warnings": [], "peak_memory_bytes": {"serial-15493": 260308992, "driver": 261095424}, "throughput_mb_s": 0.058}');
INSERT INTO "runs" VALUES('20261121T103557Z-a86a1c7','2015-04-10T00:00:00Z','full','set-aside','2026-11-21T10:35:57Z','2026-11-21T10:35:57Z','maven-anc','618fc61c6ecea4c897ae9fda223a85596cda44753dc4f8a0081bfc7b02fd95d1','{"mission": {"profile": "maven-anc"}, "source": {"uri": "@ROOT@/source", "settle_s": 0.0, "options": {}}, "output": {"uri": "@ROOT@/output", "views": "link", "options": {}}, "catalog": {"url": null}, "run": {"time": "2015-04-10T00:00:00Z", "max_file_bytes": 67108864, "partition_bytes": 50331648, "reason": ""}, "validate": {"xml_catalog": null}, "repair": {"policy": "minimal", "max_leading": 100, "max_damaged": 0}, "package": {"by": "delivery", "format": "zip", "max_bytes": 4293918720, "codec": "libdeflate", "level": 1}, "compute": {"site": "serial", "workers": null, "memory_limit": 2147483648, "address": null, "dashboard": "127.0.0.1:0"}}','{"run_id": "20261121T103557Z-a86a1c7", "run_time": "2015-04-10T00:00:00Z", "status": "success", "products": {"processed": 6, "unchanged": 0, "superseded": 0, "held": 0, "quarantined": 2, "excluded": 0, "ignored": 0, "failed": 0, "total": 8, "arriving": 0}, "newly_set_aside": 2, "resumed": [], "bytes_in": 31648, "elapsed_s": 0.298, "site_start_s": 0.017, "validation": "not checked", "stages": [{"name": "discover", "elapsed_s": 0.009, "files": 8, "bytes": 31652, "arriving": 0, "driver_peak_bytes": 197931008}, {"name": "plan", "elapsed_s": 0.002, "products": 7, "files": 7, "bytes": 31648, "driver_peak_bytes": 197931008}, {"name": "process", "elapsed_s": 0.212, "files": 7, "bytes": 31648, "tasks": 1, "driver_peak_bytes": 260419584}, {"name": "assemble", "elapsed_s": 0.015, "collections": 3, "bundles": 1, "driver_peak_bytes": 260419584}, {"name": "publish", "elapsed_s": 0.011, "files": 26, "driver_peak_bytes": 260550656}, {"name": "package", "elapsed_s": 0.011, "packages": 1, "bytes": 31317, "driver_peak_bytes": 261206016}, {"name": "verify", "elapsed_s": 0.018, "packages": 1, "bytes": 31317, "driver_peak_bytes": 261206016}], "deliveries": [{"delivery_id": "maven_anc_d002", "state": "verified", "package": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002.zip", "transfer_manifest": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_transfer_manifest.txt", "checksum_manifest": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_checksum_manifest.txt", "delivery_note": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_delivery_note.txt", "products": 6, "bytes": 31317, "sha256": "cf0c0a865d1fc881ccd8a9805b209082fd9a180ff5e55ebe0a3ba184e061df10"}], "not_checked": ["XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)"], "warnings": [], "peak_memory_bytes": {"serial-15499": 260419584, "driver": 261206016}, "throughput_mb_s": 0.106}');
CREATE TABLE sources (
	uri TEXT NOT NULL, 
	name TEXT NOT NULL, 
	bytes BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	version VARCHAR NOT NULL, 
	md5 VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	product_id VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	since VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (uri), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "sources" VALUES('@ROOT@/source/junk.bin','junk.bin',4,1420000000000000000,'','','','','','quarantined','name-unknown','junk.bin: the name matches no file type of the profile','rename the file as the mission names its files, remove it from the source, or add its form to the profile''s `names` or `ignored`','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','eps/2014/sci_anc_eps14_319_320.drf',1600,1420000000000000000,'','79f488546aa538c30f8d43537eca6936','f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','sci_anc_eps14_319_320','eps','processed','','','','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','eps/2014/sci_anc_eps14_320_321.drf',1600,1420000000000000000,'','1cbf8a3ce97b77d658b374a668290206','77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','sci_anc_eps14_320_321','eps','processed','','','','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',3680,1420000000000000000,'','60a24762b8508d120e84f7bda9a885de','a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','sci_anc_gnc14_318_319','gnc','processed','','','','2015-01-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','gnc/2014/sci_anc_gnc14_319_320.drf',3680,1420000000000000000,'','f6217b47bfbb12a609582552d14bb102','e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','sci_anc_gnc14_319_320','gnc','processed','','','','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_321_322.drf','gnc/2014/sci_anc_gnc14_321_322.drf',0,1420000000000000000,'','d41d8cd98f00b204e9800998ecf8427e','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','sci_anc_gnc14_321_322','gnc','quarantined','empty','gnc/2014/sci_anc_gnc14_321_322.drf: the file is empty','have it sent again, or exclude it','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',10544,1420000000000000000,'','f982393509d698e20937cea472a2e9a1','6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','sci_anc_pf14_318_319','pf','processed','','','','2015-01-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
INSERT INTO "sources" VALUES('@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','pf/2014/sci_anc_pf14_319_320.drf',10544,1420000000000000000,'','7415a23a359a2e4f50e59392cc14a59b','f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','sci_anc_pf14_319_320','pf','processed','','','','2015-04-10T00:00:00Z','f7589668c2d5af8078f79ab970516207dfaf2d9bd88bf213dbafe04e8a693357','20261121T103557Z-a86a1c7');
CREATE INDEX ix_sources_state ON sources (state);
CREATE INDEX ix_sources_product_id ON sources (product_id);
CREATE INDEX ix_findings_source_uri ON findings (source_uri);
CREATE INDEX products_of_a_collection ON products (collection_lid, lid);
CREATE UNIQUE INDEX one_current_version_a_product ON products (lid) WHERE current;
CREATE INDEX products_of_a_day ON products (bundle_lid, day);
CREATE INDEX ix_products_run_id ON products (run_id);
CREATE UNIQUE INDEX one_current_version_an_aggregate ON aggregates (lid) WHERE current;
CREATE INDEX deliveries_of_a_version ON delivery_members (lid, major, minor);
COMMIT;
