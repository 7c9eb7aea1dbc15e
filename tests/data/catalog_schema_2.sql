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
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'collection','urn:nasa:pds:maven.anc','cc5b2eae0c325467e9eaaf089115f15cdeac8c62e92bac0c550a57a57946e669','ef2553105ffbb2e58058a5462f19d24c',4902,'70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd','e5d54bca55c5974e20186b30a9421a1f',66,'data_drf_gnc/collection_data_drf_gnc_1.0.xml','data_drf_gnc/collection_data_drf_gnc_inventory_1.0.csv','2014-11-15T03:46:24.479Z','2014-11-15T16:14:01.634Z','[["2015-01-10", "1.0", "Release 1: 1 product, data from 2014-11-15 to 2014-11-15."]]','70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd',0,'20261121T103559Z-ce1dd19');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.pf',1,0,'collection','urn:nasa:pds:maven.anc','93168e15a9bc539dbe10314ed883694cbd0b0a9de8c0d9e4b6c8fc53c718e85b','f247dd961315fef7c1450e449609102d',4872,'16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9','fccb61f1865e50bdb17df2b3db7f8354',64,'data_drf_pf/collection_data_drf_pf_1.0.xml','data_drf_pf/collection_data_drf_pf_inventory_1.0.csv','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z','[["2015-01-10", "1.0", "Release 1: 1 product, data from 2014-11-15 to 2014-11-15."]]','16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9',0,'20261121T103559Z-ce1dd19');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc',1,0,'bundle','urn:nasa:pds:maven.anc','5a6ded74630ec8164e742c91362e4704939c0796d621bbf10069d6016dcf90be','8d4a8b422943283584ea4e6e51a563af',4337,'3ef4fd631d55a42b4eb02eb17ab7e93e4f8217f847beaa8e638704e3f8e0e8f7','07d2cb46d1f6a922ec99aec45b623621',633,'bundle_maven_anc_1.0.xml','readme_maven_anc_1.0.txt','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z','[["2015-01-10", "1.0", "Release 1: 2 products, data from 2014-11-15 to 2014-11-15."]]','af9d3d5d4b48ffca0ae5c6a04222e22c17af0952b12092c1bfd37b2ba38ce983',0,'20261121T103559Z-ce1dd19');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.eps',1,0,'collection','urn:nasa:pds:maven.anc','e40c1aabe88f578d061076e701825d9d9be87653add2bf6bd6012483f1a49f18','e26253ffbba98e2fd0c6a1387deaf13f',4888,'2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b','c515920e56a36b0799bcd301bea853f1',132,'data_drf_eps/collection_data_drf_eps_1.0.xml','data_drf_eps/collection_data_drf_eps_inventory_1.0.csv','2014-11-15T00:11:12.813Z','2014-11-16T22:09:43.877Z','[["2015-04-10", "1.0", "Release 2: 2 products, data from 2014-11-15 to 2014-11-16."]]','2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b',1,'20261121T103602Z-264974c');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'collection','urn:nasa:pds:maven.anc','b348017e8c358ec244a9c92e7d693768dbbd3133cf2d83e8627db818e44e4d58','14b40b0b4c460f5d7d84cfe3d20478e7',5173,'72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f','da84be92386c9585d237a42e4ee670cb',132,'data_drf_gnc/collection_data_drf_gnc_1.1.xml','data_drf_gnc/collection_data_drf_gnc_inventory_1.1.csv','2014-11-15T03:44:27.250Z','2014-11-16T16:17:31.336Z','[["2015-04-10", "1.1", "Release 2: 1 product added, 1 product changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "Release 1: 1 product, data from 2014-11-15 to 2014-11-15."]]','72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f',1,'20261121T103602Z-264974c');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc:data.drf.pf',1,1,'collection','urn:nasa:pds:maven.anc','2c8ee94f1a6e3f41ba769a9e5a46ba1722ce2fe491165df334fc31554ed630a6','7ae30a62dd680ee4ff85ea695593e05d',5143,'b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5','6b2a33438c5a3a260910c746d97c2875',128,'data_drf_pf/collection_data_drf_pf_1.1.xml','data_drf_pf/collection_data_drf_pf_inventory_1.1.csv','2014-11-15T00:03:01.029Z','2014-11-16T22:17:01.075Z','[["2015-04-10", "1.1", "Release 2: 1 product added, 1 product changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "Release 1: 1 product, data from 2014-11-15 to 2014-11-15."]]','b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5',1,'20261121T103602Z-264974c');
INSERT INTO "aggregates" VALUES('urn:nasa:pds:maven.anc',1,1,'bundle','urn:nasa:pds:maven.anc','2936fcdc3365862d1e6fce1c89e0f3ac8a63f497b488f0a55c171a89b029f0db','2aa2163b8d5647a87aa4ebd6dba0515a',4847,'7fe116b42018a5d5be46dc56ca4c10c1c44903efcd07aa90629695e5505ee02b','0814a21de2f86593749592ea1ebf58d5',762,'bundle_maven_anc_1.1.xml','readme_maven_anc_1.1.txt','2014-11-15T00:03:01.029Z','2014-11-16T22:17:01.075Z','[["2015-04-10", "1.1", "Release 2: 4 products added, 2 products changed; data from 2014-11-15 to 2014-11-16."], ["2015-01-10", "1.0", "Release 1: 2 products, data from 2014-11-15 to 2014-11-15."]]','8bf0bf976bf3af4f6ac6140343bea769fb5dc116fb6e6e392e4a2e2b4a6cd820',1,'20261121T103602Z-264974c');
CREATE TABLE deliveries (
	delivery_id VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	receiver VARCHAR NOT NULL, 
	release_id VARCHAR NOT NULL, 
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
INSERT INTO "deliveries" VALUES('maven_anc_d001','urn:nasa:pds:maven.anc',1,'verified','pds','maven_anc_r001','2014-11-15','2014-11-15','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001.zip','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_transfer_manifest.txt','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_checksum_manifest.txt','deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_delivery_note.txt','zip','libdeflate 0.9.0 level 1',15142,'b4243f6cc7956d9b592a7228f09879aa7e1f62d4ba8637d0ad7eaa12b79b0a09',2,10,'20261121T103559Z-ce1dd19','2015-01-10T00:00:00Z');
INSERT INTO "deliveries" VALUES('maven_anc_d002','urn:nasa:pds:maven.anc',2,'verified','pds','maven_anc_r002','2014-11-15','2014-11-16','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002.zip','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_transfer_manifest.txt','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_checksum_manifest.txt','deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_delivery_note.txt','zip','libdeflate 0.9.0 level 1',31353,'81fb8c4319b13bff5373d52b777ae29f5a9364f7dba55fbd9342732e7d4387af',6,20,'20261121T103602Z-264974c','2015-04-10T00:00:00Z');
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
INSERT INTO "delivery_members" VALUES('maven_anc_d001','bundle_maven_anc_1.0.xml','urn:nasa:pds:maven.anc',1,0,'5a6ded74630ec8164e742c91362e4704939c0796d621bbf10069d6016dcf90be','8d4a8b422943283584ea4e6e51a563af',4337);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'1fd81a74646a69ab705ae223e0a14ecbf736fe1f00d7436bf37cd7b1bfabb16e','2b6728ff447e25e41628d32e63012e2a',12352);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/collection_data_drf_gnc_1.0.xml','urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'cc5b2eae0c325467e9eaaf089115f15cdeac8c62e92bac0c550a57a57946e669','ef2553105ffbb2e58058a5462f19d24c',4902);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_gnc/collection_data_drf_gnc_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.gnc',1,0,'70f5280141a8460855ab629b1975c1a1837d0cea2ea44b1bf600b4520510d9cd','e5d54bca55c5974e20186b30a9421a1f',66);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/2014/sci_anc_pf14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/2014/sci_anc_pf14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'0acae67fefbc2494b636c51ab147d121040ee87ca816b27693ccd9d0b66be2dc','b67e396973e32c12ab3a74f7f287a2e0',27994);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/collection_data_drf_pf_1.0.xml','urn:nasa:pds:maven.anc:data.drf.pf',1,0,'93168e15a9bc539dbe10314ed883694cbd0b0a9de8c0d9e4b6c8fc53c718e85b','f247dd961315fef7c1450e449609102d',4872);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','data_drf_pf/collection_data_drf_pf_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.pf',1,0,'16e3a0910da38a43826b109decbf356fbd1217e1c57411b7673a89a90b92e7d9','fccb61f1865e50bdb17df2b3db7f8354',64);
INSERT INTO "delivery_members" VALUES('maven_anc_d001','readme_maven_anc_1.0.txt','urn:nasa:pds:maven.anc',1,0,'3ef4fd631d55a42b4eb02eb17ab7e93e4f8217f847beaa8e638704e3f8e0e8f7','07d2cb46d1f6a922ec99aec45b623621',633);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','bundle_maven_anc_1.1.xml','urn:nasa:pds:maven.anc',1,1,'2936fcdc3365862d1e6fce1c89e0f3ac8a63f497b488f0a55c171a89b029f0db','2aa2163b8d5647a87aa4ebd6dba0515a',4847);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'8b72459bdfb722544143183477a2589c0c75c8671958c5cb89f743bd9bf248ee','32cd17f719f719a9bbb885dbfa7d332e',7270);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_320_321.drf','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/2014/sci_anc_eps14_320_321.xml','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'b2b5c81b37db15cfc3843bfa3bb1b734defa329b30de31fc2b8fe4f8ec3ecd8c','24552d33d81efd5f0a9ac2f891b007af',7270);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/collection_data_drf_eps_1.0.xml','urn:nasa:pds:maven.anc:data.drf.eps',1,0,'e40c1aabe88f578d061076e701825d9d9be87653add2bf6bd6012483f1a49f18','e26253ffbba98e2fd0c6a1387deaf13f',4888);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_eps/collection_data_drf_eps_inventory_1.0.csv','urn:nasa:pds:maven.anc:data.drf.eps',1,0,'2147dc17b48a47e47f310a3a541b7023080b4846a606e081387b3fd5bf4a119b','c515920e56a36b0799bcd301bea853f1',132);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'7630f6c319ff82570ba0c79a1774374882a536504f7114f85a36b1325b90566a','27e0fc61a8cd2b9e88b5e7932174c480',12594);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/2014/sci_anc_gnc14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'23ff6a75c259f702201b32b52be56a4dd20b35663ab36103c874ff228045ee33','21fd927e1bd09aedae109cfb656f0109',12352);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/collection_data_drf_gnc_1.1.xml','urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'b348017e8c358ec244a9c92e7d693768dbbd3133cf2d83e8627db818e44e4d58','14b40b0b4c460f5d7d84cfe3d20478e7',5173);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_gnc/collection_data_drf_gnc_inventory_1.1.csv','urn:nasa:pds:maven.anc:data.drf.gnc',1,1,'72f27d73ad5fd211e86b3fd7976c5b7772db070e00f0aef8d614a82e185b632f','da84be92386c9585d237a42e4ee670cb',132);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_318_319.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_318_319.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'e0ec23d18c291082f45c132d6aebdc83278ab69cf5fb7e4bdc6495b030e00750','9c10d5492dec8a18cc56c29d047ccb2f',28236);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_319_320.drf','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/2014/sci_anc_pf14_319_320.xml','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'439946b83bbca6167f2ab9f5481a4aeb7159b2a39d819956237e74aadab52331','82275c78d08b105bf32ac0033a3bb5c9',27994);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/collection_data_drf_pf_1.1.xml','urn:nasa:pds:maven.anc:data.drf.pf',1,1,'2c8ee94f1a6e3f41ba769a9e5a46ba1722ce2fe491165df334fc31554ed630a6','7ae30a62dd680ee4ff85ea695593e05d',5143);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','data_drf_pf/collection_data_drf_pf_inventory_1.1.csv','urn:nasa:pds:maven.anc:data.drf.pf',1,1,'b2e042fcc56c2ca370c22f8480e4c0ccce32278c5cfb1c3381bad973271974c5','6b2a33438c5a3a260910c746d97c2875',128);
INSERT INTO "delivery_members" VALUES('maven_anc_d002','readme_maven_anc_1.1.txt','urn:nasa:pds:maven.anc',1,1,'7fe116b42018a5d5be46dc56ca4c10c1c44903efcd07aa90629695e5505ee02b','0814a21de2f86593749592ea1ebf58d5',762);
CREATE TABLE dispositions (
	position INTEGER NOT NULL, 
	disposition_id VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	product_id VARCHAR NOT NULL, 
	source_sha256 VARCHAR NOT NULL, 
	source_name TEXT NOT NULL, 
	who TEXT NOT NULL, 
	"when" VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	code VARCHAR NOT NULL, 
	start_time VARCHAR NOT NULL, 
	stop_time VARCHAR NOT NULL, 
	replacement_sha256 VARCHAR NOT NULL, 
	replacement_md5 VARCHAR NOT NULL, 
	replacement_bytes BIGINT NOT NULL, 
	family VARCHAR NOT NULL, 
	PRIMARY KEY (position), 
	UNIQUE (disposition_id)
);
CREATE TABLE events (
	position INTEGER NOT NULL, 
	at VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	product_id VARCHAR NOT NULL, 
	lid VARCHAR NOT NULL, 
	source TEXT NOT NULL, 
	delivery_id VARCHAR NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "events" VALUES(1,'2015-01-10T00:00:00Z','20261121T103559Z-ce1dd19','processed','gnc/2014/sci_anc_gnc14_318_319.drf received, 3680 bytes, MD5 26a9b7f5424c19e0745f50e4380717a8; processed','sci_anc_gnc14_318_319','','@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','');
INSERT INTO "events" VALUES(2,'2015-01-10T00:00:00Z','20261121T103559Z-ce1dd19','processed','pf/2014/sci_anc_pf14_318_319.drf received, 10544 bytes, MD5 583473f52247297bff119885b9009d87; processed','sci_anc_pf14_318_319','','@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','');
INSERT INTO "events" VALUES(3,'2015-01-10T00:00:00Z','20261121T103559Z-ce1dd19','decided','1.0: new: Release 1. First release of this product.','sci_anc_gnc14_318_319','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319','@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','');
INSERT INTO "events" VALUES(4,'2015-01-10T00:00:00Z','20261121T103559Z-ce1dd19','decided','1.0: new: Release 1. First release of this product.','sci_anc_pf14_318_319','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319','@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','');
INSERT INTO "events" VALUES(5,'2015-01-10T00:00:00Z','','delivery','maven_anc_d001 is verified','','','','maven_anc_d001');
INSERT INTO "events" VALUES(6,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','quarantined','junk.bin received, 4 bytes; quarantined: name-unknown: the name matches no file type of the profile','','','@ROOT@/source/junk.bin','');
INSERT INTO "events" VALUES(7,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','eps/2014/sci_anc_eps14_319_320.drf received, 1600 bytes, MD5 79f488546aa538c30f8d43537eca6936; processed','sci_anc_eps14_319_320','','@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','');
INSERT INTO "events" VALUES(8,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','eps/2014/sci_anc_eps14_320_321.drf received, 1600 bytes, MD5 1cbf8a3ce97b77d658b374a668290206; processed','sci_anc_eps14_320_321','','@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','');
INSERT INTO "events" VALUES(9,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','gnc/2014/sci_anc_gnc14_318_319.drf seen again, 3680 bytes, MD5 60a24762b8508d120e84f7bda9a885de; processed','sci_anc_gnc14_318_319','','@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','');
INSERT INTO "events" VALUES(10,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','gnc/2014/sci_anc_gnc14_319_320.drf received, 3680 bytes, MD5 f6217b47bfbb12a609582552d14bb102; processed','sci_anc_gnc14_319_320','','@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','');
INSERT INTO "events" VALUES(11,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','quarantined','gnc/2014/sci_anc_gnc14_321_322.drf received, 0 bytes, MD5 d41d8cd98f00b204e9800998ecf8427e; quarantined: empty: the file is empty','sci_anc_gnc14_321_322','','@ROOT@/source/gnc/2014/sci_anc_gnc14_321_322.drf','');
INSERT INTO "events" VALUES(12,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','pf/2014/sci_anc_pf14_318_319.drf seen again, 10544 bytes, MD5 f982393509d698e20937cea472a2e9a1; processed','sci_anc_pf14_318_319','','@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','');
INSERT INTO "events" VALUES(13,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','processed','pf/2014/sci_anc_pf14_319_320.drf received, 10544 bytes, MD5 7415a23a359a2e4f50e59392cc14a59b; processed','sci_anc_pf14_319_320','','@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','');
INSERT INTO "events" VALUES(14,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','1.0: new: Release 2. First release of this product.','sci_anc_eps14_319_320','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320','@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','');
INSERT INTO "events" VALUES(15,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','1.0: new: Release 2. First release of this product.','sci_anc_eps14_320_321','urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321','@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','');
INSERT INTO "events" VALUES(16,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','2.0: data-changed: Release 2. The data file replaces that of version 1.0.','sci_anc_gnc14_318_319','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319','@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','');
INSERT INTO "events" VALUES(17,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','1.0: new: Release 2. First release of this product.','sci_anc_gnc14_319_320','urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320','@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','');
INSERT INTO "events" VALUES(18,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','2.0: data-changed: Release 2. The data file replaces that of version 1.0.','sci_anc_pf14_318_319','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319','@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','');
INSERT INTO "events" VALUES(19,'2015-04-10T00:00:00Z','20261121T103602Z-264974c','decided','1.0: new: Release 2. First release of this product.','sci_anc_pf14_319_320','urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320','@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','');
INSERT INTO "events" VALUES(20,'2015-04-10T00:00:00Z','','delivery','maven_anc_d002 is verified','','','','maven_anc_d002');
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
INSERT INTO "findings" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_321_322.drf','20261121T103602Z-264974c','empty','error','the file is empty','have it sent again, or exclude it',NULL,NULL,NULL);
CREATE TABLE meta (
	schema_version INTEGER NOT NULL
);
INSERT INTO "meta" VALUES(2);
CREATE TABLE pending (
	lid VARCHAR NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	collection_lid VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	product_id VARCHAR NOT NULL, 
	family VARCHAR NOT NULL, 
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
	structure VARCHAR NOT NULL, 
	coverage JSON NOT NULL, 
	campaign VARCHAR NOT NULL, 
	adopted BOOLEAN NOT NULL, 
	run_id VARCHAR NOT NULL, 
	standing VARCHAR NOT NULL, 
	PRIMARY KEY (lid), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
CREATE TABLE products (
	lid VARCHAR NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	collection_lid VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	product_id VARCHAR NOT NULL, 
	family VARCHAR NOT NULL, 
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
	structure VARCHAR NOT NULL, 
	coverage JSON NOT NULL, 
	campaign VARCHAR NOT NULL, 
	adopted BOOLEAN NOT NULL, 
	run_id VARCHAR NOT NULL, 
	current BOOLEAN NOT NULL, 
	PRIMARY KEY (lid, major, minor), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',1,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_318_319','gnc:2014:318-319','2014-11-15','2014-11-15T03:46:24.479Z','2014-11-15T16:14:01.634Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',1795257358729420995,'','38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680,'38e58adf4bb7de8f7d01c328ed4cd699e497db3b44388b99cfce9e09a62f22f4','26a9b7f5424c19e0745f50e4380717a8',3680,'1fd81a74646a69ab705ae223e0a14ecbf736fe1f00d7436bf37cd7b1bfabb16e','2b6728ff447e25e41628d32e63012e2a',12352,'af3e3f749c960a45d2d60329ae5a7c75b97238bfc483693eea866f25b0fef083','0b18510211344314f44401a906939bb9',24547,'3fac2f8ec4ac4206c6ce0ebed66ba909cb109b71102a3e2cf6ffd46a2b818669','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','type=gnc/year=2014/sci_anc_gnc14_318_319.parquet','2015-01-10T00:00:00Z','[["2015-01-10", "1.0", "Release 1. First release of this product."]]','[]','073e7f4e161e66f992683ececde2a34f408c50eabfdd2fe81f692678109e5eb6','[["2014-11-15T03:46:24.479Z", "2014-11-15T16:14:01.634Z"]]','',0,'20261121T103559Z-ce1dd19',0);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',1,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_318_319','pf:2014:318-319','2014-11-15','2014-11-15T00:04:28.866Z','2014-11-15T22:25:29.268Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',1795257358732630242,'','6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544,'6c5ee71841e0d3a65898d921b5967f4340b484ce01d942c2feebaa74722cecf3','583473f52247297bff119885b9009d87',10544,'0acae67fefbc2494b636c51ab147d121040ee87ca816b27693ccd9d0b66be2dc','b67e396973e32c12ab3a74f7f287a2e0',27994,'c56d16b84a3f842f5d9ceb1194eb23c3302bc1434b7d4065d6ec1d07c01370bf','b5430407fa006151ab2ec22875773235',48396,'a552fd788afd1fb83746f0f3ba832a6f6400ee3506d9ecc5513582566d0cfde9','data_drf_pf/2014/sci_anc_pf14_318_319.drf','data_drf_pf/2014/sci_anc_pf14_318_319.xml','type=pf/year=2014/sci_anc_pf14_318_319.parquet','2015-01-10T00:00:00Z','[["2015-01-10", "1.0", "Release 1. First release of this product."]]','[]','831e9efd590c940b5103ddbcfca712666fe007fa5c1be27b8eb831ad478f628c','[["2014-11-15T00:04:28.866Z", "2014-11-15T22:25:29.268Z"]]','',0,'20261121T103559Z-ce1dd19',0);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.eps','urn:nasa:pds:maven.anc','eps','sci_anc_eps14_319_320','eps:2014:319-320','2014-11-15','2014-11-15T00:11:12.813Z','2014-11-15T22:00:47.428Z',12,'@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','eps/2014/sci_anc_eps14_319_320.drf',1420000000000000000,'','f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600,'f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','79f488546aa538c30f8d43537eca6936',1600,'8b72459bdfb722544143183477a2589c0c75c8671958c5cb89f743bd9bf248ee','32cd17f719f719a9bbb885dbfa7d332e',7270,'4549b89ae9f838a30990276e8c23dfe57cceaf6c2e71d07d9e2226c18b8b180d','994247578e02b3da018526aef85bc7c0',7973,'55c9d5613c2be5966519423e818604cf6a9fcee9ea9d0660c7498af1e5f28b4d','data_drf_eps/2014/sci_anc_eps14_319_320.drf','data_drf_eps/2014/sci_anc_eps14_319_320.xml','type=eps/year=2014/sci_anc_eps14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "Release 2. First release of this product."]]','[]','a29f917d606c60ffa5e8a0567affcae43b7038fca23980becdb7688d0e166559','[["2014-11-15T00:11:12.813Z", "2014-11-15T22:00:47.428Z"]]','',0,'20261121T103602Z-264974c',1);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.eps:sci_anc_eps14_320_321',1,0,'urn:nasa:pds:maven.anc:data.drf.eps','urn:nasa:pds:maven.anc','eps','sci_anc_eps14_320_321','eps:2014:320-321','2014-11-16','2014-11-16T00:30:50.238Z','2014-11-16T22:09:43.877Z',12,'@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','eps/2014/sci_anc_eps14_320_321.drf',1420000000000000000,'','77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600,'77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','1cbf8a3ce97b77d658b374a668290206',1600,'b2b5c81b37db15cfc3843bfa3bb1b734defa329b30de31fc2b8fe4f8ec3ecd8c','24552d33d81efd5f0a9ac2f891b007af',7270,'b7e6cbad41dc1aba34a0a5feeba455d33772ed508f368b0d98aab0c6934ceef6','4e17feb8890aad6d19cfa77363cab6e9',7903,'e4d37641361bc9297a9beb4ca727e2a4d9c6cf38ca6bb98bdfe0e8a965a3ee36','data_drf_eps/2014/sci_anc_eps14_320_321.drf','data_drf_eps/2014/sci_anc_eps14_320_321.xml','type=eps/year=2014/sci_anc_eps14_320_321.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "Release 2. First release of this product."]]','[]','a29f917d606c60ffa5e8a0567affcae43b7038fca23980becdb7688d0e166559','[["2014-11-16T00:30:50.238Z", "2014-11-16T22:09:43.877Z"]]','',0,'20261121T103602Z-264974c',1);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_318_319',2,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_318_319','gnc:2014:318-319','2014-11-15','2014-11-15T03:44:27.250Z','2014-11-15T15:54:10.750Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',1420000000000000000,'','a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680,'a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','60a24762b8508d120e84f7bda9a885de',3680,'7630f6c319ff82570ba0c79a1774374882a536504f7114f85a36b1325b90566a','27e0fc61a8cd2b9e88b5e7932174c480',12594,'a4a1fd59d6030f84325211239a2afc89209cb8c3540b92896c745d9388d5ab9f','4eb84c7ab73d7d07114d15f76bdea491',24543,'840009599ba217e4b083d2c1a161d395b6296bd2292da5131e8891a91e5be285','data_drf_gnc/2014/sci_anc_gnc14_318_319.drf','data_drf_gnc/2014/sci_anc_gnc14_318_319.xml','type=gnc/year=2014/sci_anc_gnc14_318_319.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "2.0", "Release 2. The data file replaces that of version 1.0."], ["2015-01-10", "1.0", "Release 1. First release of this product."]]','[]','073e7f4e161e66f992683ececde2a34f408c50eabfdd2fe81f692678109e5eb6','[["2014-11-15T03:44:27.250Z", "2014-11-15T15:54:10.750Z"]]','',0,'20261121T103602Z-264974c',1);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.gnc:sci_anc_gnc14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.gnc','urn:nasa:pds:maven.anc','gnc','sci_anc_gnc14_319_320','gnc:2014:319-320','2014-11-16','2014-11-16T03:38:59.741Z','2014-11-16T16:17:31.336Z',12,'@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','gnc/2014/sci_anc_gnc14_319_320.drf',1420000000000000000,'','e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680,'e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','f6217b47bfbb12a609582552d14bb102',3680,'23ff6a75c259f702201b32b52be56a4dd20b35663ab36103c874ff228045ee33','21fd927e1bd09aedae109cfb656f0109',12352,'11bbec0089a82d6f82df5e074b78093cf7b1d0f99b98d75ea15b6073d3201e82','58e23b413039c643012e7854984a17de',24540,'c1c64ba88351abcabba559ac2a7fcc7378e3f362aa5f398bf0faa5ea6ec1cb39','data_drf_gnc/2014/sci_anc_gnc14_319_320.drf','data_drf_gnc/2014/sci_anc_gnc14_319_320.xml','type=gnc/year=2014/sci_anc_gnc14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "Release 2. First release of this product."]]','[]','073e7f4e161e66f992683ececde2a34f408c50eabfdd2fe81f692678109e5eb6','[["2014-11-16T03:38:59.741Z", "2014-11-16T16:17:31.336Z"]]','',0,'20261121T103602Z-264974c',1);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_318_319',2,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_318_319','pf:2014:318-319','2014-11-15','2014-11-15T00:03:01.029Z','2014-11-15T22:02:57.992Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',1420000000000000000,'','6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544,'6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','f982393509d698e20937cea472a2e9a1',10544,'e0ec23d18c291082f45c132d6aebdc83278ab69cf5fb7e4bdc6495b030e00750','9c10d5492dec8a18cc56c29d047ccb2f',28236,'3a6ec8035840aef4b221bc04af4b80fc975128f51254d1779c5607af6b65cf2c','70384c6c0771b8501f6192797879ef9f',48230,'be554a7dfb5e7afc3c452f116e63a09daf61a861d251728a25ce3eeacaf7f81f','data_drf_pf/2014/sci_anc_pf14_318_319.drf','data_drf_pf/2014/sci_anc_pf14_318_319.xml','type=pf/year=2014/sci_anc_pf14_318_319.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "2.0", "Release 2. The data file replaces that of version 1.0."], ["2015-01-10", "1.0", "Release 1. First release of this product."]]','[]','831e9efd590c940b5103ddbcfca712666fe007fa5c1be27b8eb831ad478f628c','[["2014-11-15T00:03:01.029Z", "2014-11-15T22:02:57.992Z"]]','',0,'20261121T103602Z-264974c',1);
INSERT INTO "products" VALUES('urn:nasa:pds:maven.anc:data.drf.pf:sci_anc_pf14_319_320',1,0,'urn:nasa:pds:maven.anc:data.drf.pf','urn:nasa:pds:maven.anc','pf','sci_anc_pf14_319_320','pf:2014:319-320','2014-11-16','2014-11-16T00:48:36.997Z','2014-11-16T22:17:01.075Z',12,'@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','pf/2014/sci_anc_pf14_319_320.drf',1420000000000000000,'','f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544,'f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','7415a23a359a2e4f50e59392cc14a59b',10544,'439946b83bbca6167f2ab9f5481a4aeb7159b2a39d819956237e74aadab52331','82275c78d08b105bf32ac0033a3bb5c9',27994,'34fbede922af0ca2afb0b8000c6386c2d1af3510885a43c618b8d63de895175a','5cf9b9cd9ef4030a87c8cba8b7928fd0',48172,'9b5e03dd719dc647297da0cf93facd5a0b6b75398b575b74b0a3b4b6aff1a7f0','data_drf_pf/2014/sci_anc_pf14_319_320.drf','data_drf_pf/2014/sci_anc_pf14_319_320.xml','type=pf/year=2014/sci_anc_pf14_319_320.parquet','2015-04-10T00:00:00Z','[["2015-04-10", "1.0", "Release 2. First release of this product."]]','[]','831e9efd590c940b5103ddbcfca712666fe007fa5c1be27b8eb831ad478f628c','[["2014-11-16T00:48:36.997Z", "2014-11-16T22:17:01.075Z"]]','',0,'20261121T103602Z-264974c',1);
CREATE TABLE releases (
	release_id VARCHAR NOT NULL, 
	bundle_lid VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	run_id VARCHAR NOT NULL, 
	run_time VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	bundle_md5 VARCHAR NOT NULL, 
	review JSON NOT NULL, 
	acknowledged TEXT NOT NULL, 
	PRIMARY KEY (release_id), 
	UNIQUE (bundle_lid, number), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "releases" VALUES('maven_anc_r001','urn:nasa:pds:maven.anc',1,'20261121T103559Z-ce1dd19','2015-01-10T00:00:00Z','release','',1,0,'8d4a8b422943283584ea4e6e51a563af','[]','');
INSERT INTO "releases" VALUES('maven_anc_r002','urn:nasa:pds:maven.anc',2,'20261121T103602Z-264974c','2015-04-10T00:00:00Z','release','',1,1,'2aa2163b8d5647a87aa4ebd6dba0515a','[]','');
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
INSERT INTO "runs" VALUES('20261121T103559Z-ce1dd19','2015-01-10T00:00:00Z','release','success','2026-11-21T10:35:59Z','2026-11-21T10:36:00Z','maven-anc','3d5f5389228b3083b0f57fe980476b4ce8ed362671242f811ebf23bfe7be8bc4','{"mission": {"profile": "maven-anc"}, "source": {"uri": "@ROOT@/source", "settle_s": 0.0, "trust": "stat", "options": {}}, "output": {"uri": "@ROOT@/output", "views": "link", "options": {}}, "catalog": {"url": null}, "run": {"mode": "release", "time": "2015-01-10T00:00:00Z", "max_file_bytes": 67108864, "partition_bytes": 50331648, "reason": ""}, "release": {"receiver": "pds", "campaign": "", "bump": "none", "bump_collections": "minor"}, "validate": {"xml_catalog": null}, "repair": {"policy": "minimal", "max_leading": 100, "max_damaged": 0}, "package": {"by": "delivery", "format": "zip", "max_bytes": 4293918720, "codec": "libdeflate", "level": 1}, "compute": {"site": "serial", "workers": null, "memory_limit": 2147483648, "address": null, "dashboard": "127.0.0.1:0"}}','{"run_id": "20261121T103559Z-ce1dd19", "run_time": "2015-01-10T00:00:00Z", "status": "success", "mode": "release", "products": {"processed": 2, "unchanged": 0, "superseded": 0, "held": 0, "quarantined": 0, "excluded": 0, "ignored": 0, "failed": 0, "total": 2, "arriving": 0}, "decisions": {"new": 2}, "newly_set_aside": 0, "resumed": [], "refused": false, "plan_differences": [], "bytes_in": 14224, "elapsed_s": 0.4, "site_start_s": 0.014, "validation": "not checked", "stages": [{"name": "discover", "elapsed_s": 0.017, "files": 2, "bytes": 14224, "arriving": 0, "driver_peak_bytes": 210292736}, {"name": "plan", "elapsed_s": 0.0, "products": 2, "files": 2, "bytes": 14224, "driver_peak_bytes": 210292736}, {"name": "process", "elapsed_s": 0.309, "files": 2, "bytes": 14224, "tasks": 1, "driver_peak_bytes": 304566272}, {"name": "assemble", "elapsed_s": 0.013, "collections": 2, "bundles": 1, "driver_peak_bytes": 304697344}, {"name": "publish", "elapsed_s": 0.012, "files": 12, "staged_files": 0, "driver_peak_bytes": 304828416}, {"name": "package", "elapsed_s": 0.011, "packages": 1, "bytes": 15142, "driver_peak_bytes": 305913856}, {"name": "verify", "elapsed_s": 0.012, "packages": 1, "bytes": 15142, "driver_peak_bytes": 305913856}], "deliveries": [{"delivery_id": "maven_anc_d001", "release_id": "maven_anc_r001", "receiver": "pds", "state": "verified", "package": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001.zip", "transfer_manifest": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_transfer_manifest.txt", "checksum_manifest": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_checksum_manifest.txt", "delivery_note": "@ROOT@/output/deliveries/maven_anc_d001/maven_anc_20141115_20141115_d001_delivery_note.txt", "products": 2, "bytes": 15142, "sha256": "b4243f6cc7956d9b592a7228f09879aa7e1f62d4ba8637d0ad7eaa12b79b0a09"}], "not_checked": ["XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)"], "warnings": [], "peak_memory_bytes": {"serial-15513": 304304128, "driver": 305913856}, "throughput_mb_s": 0.036}');
INSERT INTO "runs" VALUES('20261121T103602Z-264974c','2015-04-10T00:00:00Z','release','set-aside','2026-11-21T10:36:02Z','2026-11-21T10:36:02Z','maven-anc','3d5f5389228b3083b0f57fe980476b4ce8ed362671242f811ebf23bfe7be8bc4','{"mission": {"profile": "maven-anc"}, "source": {"uri": "@ROOT@/source", "settle_s": 0.0, "trust": "stat", "options": {}}, "output": {"uri": "@ROOT@/output", "views": "link", "options": {}}, "catalog": {"url": null}, "run": {"mode": "release", "time": "2015-04-10T00:00:00Z", "max_file_bytes": 67108864, "partition_bytes": 50331648, "reason": ""}, "release": {"receiver": "pds", "campaign": "", "bump": "none", "bump_collections": "minor"}, "validate": {"xml_catalog": null}, "repair": {"policy": "minimal", "max_leading": 100, "max_damaged": 0}, "package": {"by": "delivery", "format": "zip", "max_bytes": 4293918720, "codec": "libdeflate", "level": 1}, "compute": {"site": "serial", "workers": null, "memory_limit": 2147483648, "address": null, "dashboard": "127.0.0.1:0"}}','{"run_id": "20261121T103602Z-264974c", "run_time": "2015-04-10T00:00:00Z", "status": "success", "mode": "release", "products": {"processed": 6, "unchanged": 0, "superseded": 0, "held": 0, "quarantined": 2, "excluded": 0, "ignored": 0, "failed": 0, "total": 8, "arriving": 0}, "decisions": {"new": 4, "data-changed": 2}, "newly_set_aside": 2, "resumed": [], "refused": false, "plan_differences": [], "bytes_in": 31648, "elapsed_s": 0.459, "site_start_s": 0.014, "validation": "not checked", "stages": [{"name": "discover", "elapsed_s": 0.018, "files": 8, "bytes": 31652, "arriving": 0, "driver_peak_bytes": 209457152}, {"name": "plan", "elapsed_s": 0.002, "products": 7, "files": 7, "bytes": 31648, "driver_peak_bytes": 209457152}, {"name": "process", "elapsed_s": 0.354, "files": 7, "bytes": 31648, "tasks": 1, "driver_peak_bytes": 305016832}, {"name": "assemble", "elapsed_s": 0.014, "collections": 3, "bundles": 1, "driver_peak_bytes": 305147904}, {"name": "publish", "elapsed_s": 0.009, "files": 26, "staged_files": 0, "driver_peak_bytes": 305278976}, {"name": "package", "elapsed_s": 0.011, "packages": 1, "bytes": 31353, "driver_peak_bytes": 306487296}, {"name": "verify", "elapsed_s": 0.02, "packages": 1, "bytes": 31353, "driver_peak_bytes": 306487296}], "deliveries": [{"delivery_id": "maven_anc_d002", "release_id": "maven_anc_r002", "receiver": "pds", "state": "verified", "package": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002.zip", "transfer_manifest": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_transfer_manifest.txt", "checksum_manifest": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_checksum_manifest.txt", "delivery_note": "@ROOT@/output/deliveries/maven_anc_d002/maven_anc_20141115_20141116_d002_delivery_note.txt", "products": 6, "bytes": 31353, "sha256": "81fb8c4319b13bff5373d52b777ae29f5a9364f7dba55fbd9342732e7d4387af"}], "not_checked": ["XML Schema and Schematron: no XML catalog was given (validate.xml_catalog)"], "warnings": [], "peak_memory_bytes": {"serial-15519": 304885760, "driver": 306487296}, "throughput_mb_s": 0.069}');
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
	family VARCHAR NOT NULL, 
	rulings VARCHAR NOT NULL, 
	covered_by TEXT NOT NULL, 
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
INSERT INTO "sources" VALUES('@ROOT@/source/junk.bin','junk.bin',4,1420000000000000000,'','','','','','','','','quarantined','name-unknown','junk.bin: the name matches no file type of the profile','rename the file as the mission names its files, remove it from the source, or add its form to the profile''s `names` or `ignored`','2015-04-10T00:00:00Z','','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/eps/2014/sci_anc_eps14_319_320.drf','eps/2014/sci_anc_eps14_319_320.drf',1600,1420000000000000000,'','79f488546aa538c30f8d43537eca6936','f638dce544f54a9394a83adf19aebf15839e06c7e0b3ee2319d94565f8158110','sci_anc_eps14_319_320','eps','eps:2014:319-320','','','processed','','','','2015-04-10T00:00:00Z','f6669587a0a98c2bbd8dfd99c4b56351d65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/eps/2014/sci_anc_eps14_320_321.drf','eps/2014/sci_anc_eps14_320_321.drf',1600,1420000000000000000,'','1cbf8a3ce97b77d658b374a668290206','77386c177e551b30c6c084c71bc705bbe163d605020079da7aaae695e4dadc74','sci_anc_eps14_320_321','eps','eps:2014:320-321','','','processed','','','','2015-04-10T00:00:00Z','f6669587a0a98c2bbd8dfd99c4b56351d65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_318_319.drf','gnc/2014/sci_anc_gnc14_318_319.drf',3680,1420000000000000000,'','60a24762b8508d120e84f7bda9a885de','a6a2f9a9f25a292ec4b2992012116ef67313f57f5c9118959c521296ed840ec3','sci_anc_gnc14_318_319','gnc','gnc:2014:318-319','','','processed','','','','2015-01-10T00:00:00Z','289d30c48a7228f17ec3e27fe0e0db5bd65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_319_320.drf','gnc/2014/sci_anc_gnc14_319_320.drf',3680,1420000000000000000,'','f6217b47bfbb12a609582552d14bb102','e127a326ebae217d7a7a2b043a34224711ba7e1423d308bc976d444ca9e01ca5','sci_anc_gnc14_319_320','gnc','gnc:2014:319-320','','','processed','','','','2015-04-10T00:00:00Z','289d30c48a7228f17ec3e27fe0e0db5bd65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/gnc/2014/sci_anc_gnc14_321_322.drf','gnc/2014/sci_anc_gnc14_321_322.drf',0,1420000000000000000,'','d41d8cd98f00b204e9800998ecf8427e','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','sci_anc_gnc14_321_322','gnc','gnc:2014:321-322','','','quarantined','empty','gnc/2014/sci_anc_gnc14_321_322.drf: the file is empty','have it sent again, or exclude it','2015-04-10T00:00:00Z','289d30c48a7228f17ec3e27fe0e0db5bd65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/pf/2014/sci_anc_pf14_318_319.drf','pf/2014/sci_anc_pf14_318_319.drf',10544,1420000000000000000,'','f982393509d698e20937cea472a2e9a1','6a45dcffaa087c13c23f652992442f982f4605d4ef96a5f82d624a67dece01cb','sci_anc_pf14_318_319','pf','pf:2014:318-319','','','processed','','','','2015-01-10T00:00:00Z','3c4d81d4309b43e55e72463af01f594ad65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
INSERT INTO "sources" VALUES('@ROOT@/source/pf/2014/sci_anc_pf14_319_320.drf','pf/2014/sci_anc_pf14_319_320.drf',10544,1420000000000000000,'','7415a23a359a2e4f50e59392cc14a59b','f7410b9657cb1f5e8bcb825a66e5b8521528bb249f04d7322fa7c514773be266','sci_anc_pf14_319_320','pf','pf:2014:319-320','','','processed','','','','2015-04-10T00:00:00Z','3c4d81d4309b43e55e72463af01f594ad65d5de4958050e3391552c099c101b1','20261121T103602Z-264974c');
CREATE INDEX ix_dispositions_product_id ON dispositions (product_id);
CREATE INDEX ix_dispositions_family ON dispositions (family);
CREATE INDEX ix_events_product_id ON events (product_id);
CREATE INDEX ix_events_lid ON events (lid);
CREATE INDEX ix_sources_family ON sources (family);
CREATE INDEX ix_sources_product_id ON sources (product_id);
CREATE INDEX ix_sources_state ON sources (state);
CREATE INDEX ix_findings_source_uri ON findings (source_uri);
CREATE INDEX products_of_a_collection ON products (collection_lid, lid);
CREATE INDEX products_of_a_run ON products (run_id);
CREATE INDEX products_of_a_family ON products (family);
CREATE INDEX products_of_an_id ON products (product_id);
CREATE UNIQUE INDEX one_current_version_a_product ON products (lid) WHERE current;
CREATE INDEX products_of_a_day ON products (bundle_lid, day);
CREATE INDEX pending_of_a_family ON pending (family);
CREATE UNIQUE INDEX one_current_version_an_aggregate ON aggregates (lid) WHERE current;
CREATE INDEX deliveries_of_a_version ON delivery_members (lid, major, minor);
COMMIT;
