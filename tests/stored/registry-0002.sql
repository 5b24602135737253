BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE content_claims (
	uid BLOB NOT NULL, 
	content BLOB NOT NULL, 
	transfer_syntax_id INTEGER NOT NULL, 
	data_set BLOB, 
	first SMALLINT NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_content_claims PRIMARY KEY (uid, content, transfer_syntax_id), 
	CONSTRAINT fk_content_claims_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_content_claims_transfer_syntax_id FOREIGN KEY(transfer_syntax_id) REFERENCES words (id)
)
 WITHOUT ROWID

;
INSERT INTO "content_claims" VALUES(X'1A2A3A4A1F',X'D93BE4B4EFE676ADD7FE0E9FE055824E',2,X'F6B53B3C1C63797F3F6401D999FBDF75',0,8);
INSERT INTO "content_claims" VALUES(X'1A2A3A4A3F',X'DB2DD2B62E06D390BB2C7F7647833F79',2,X'C2BDDA9E1E2C548B3906E6F4106523E1',0,12);
INSERT INTO "content_claims" VALUES(X'1A3A6A1A4A1A32473A1A839220967091343009779665871246260635949F',X'DB2DD2B62E06D390BB2C7F7647833F79',2,X'24818D76C36D8F45F0FF0F2DF65F216D',1,8);
CREATE TABLE derivations (
	set_id INTEGER NOT NULL, 
	source_series_uid BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_derivations PRIMARY KEY (set_id, source_series_uid), 
	CONSTRAINT fk_derivations_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_derivations_set_id FOREIGN KEY(set_id) REFERENCES reference_sets (id)
)
 WITHOUT ROWID

;
INSERT INTO "derivations" VALUES(1,X'1A2A826A0A99A1A1',8);
INSERT INTO "derivations" VALUES(2,X'1A2A826A0A99A1A1',9);
CREATE TABLE entries (
	id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	prev INTEGER, 
	ledger_size BIGINT NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	event VARCHAR(40) NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	actor VARCHAR(200) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	application VARCHAR(60) NOT NULL, 
	request_id VARCHAR(64), 
	note_hash BLOB, 
	detail TEXT NOT NULL, 
	rows TEXT NOT NULL, 
	leaf BLOB NOT NULL, 
	CONSTRAINT pk_entries PRIMARY KEY (id), 
	CONSTRAINT ck_entries_gapless CHECK ((seq = 0 AND prev IS NULL) OR (seq > 0 AND prev IS NOT NULL AND prev = seq - 1)), 
	CONSTRAINT ck_entries_leaf CHECK (length(leaf) = 32), 
	CONSTRAINT fk_entries_prev FOREIGN KEY(prev) REFERENCES entries (seq), 
	CONSTRAINT uq_entries_leaf UNIQUE (leaf), 
	CONSTRAINT uq_entries_seq UNIQUE (seq)
);
INSERT INTO "entries" VALUES(1,0,NULL,0,'2026-11-26T00:24:42.397213Z','registry:init','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"origin":"dicom-uid-registry/db9a37d448a0","schema":"0002"}','{"registry":[1,"6afbb89c8eb888bd4a1ad62835cb2344731bf9903d3851e1483cb640873826be"]}',X'307313D91AF31B69C0F17F06F275B46983155631DD43D3B83751C3ABF06D00AE');
INSERT INTO "entries" VALUES(2,1,0,0,'2026-11-26T00:24:42.413254Z','root:add','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"policy":"production","prefix":"1.3.6.1.4.1.32473.1"}','{"roots":[1,"0a896836859e3cb25cd212896e9ca23c16849c11ed80d6150ec9ae9929274be5"]}',X'06B7F42C6B3FEFF559EA68C7351F2306D95F6D09799BF486399F650F19271405');
INSERT INTO "entries" VALUES(3,2,1,1,'2026-11-26T00:24:42.427869Z','uid:issue','done','tester','workstation','dicom-uid-registry 0.1.0','r1',X'8C56F893F5D2D1C8ED61FDF85DF0144ADF2C82E03A614E539E906AD6DF5758CF','{"count":1,"kind":"study","root":"1.3.6.1.4.1.32473.1"}','{"ledger":[1,"f61e4b9ab2598768356d48c819041d9e019063bca1237e4c07e2f04cddc93fe1"],"notes":[1,"ea9e8e5eed49bba1d6674e08d642104d7ea8e7ac5681f050413da50fefc64ef1"],"requests":[1,"a788a6ef5f3fbb0ba2b54b05d73991b83a2881305be7df44d3d64fa919b52cdf"],"studies":[1,"222af483b65a758f09b426bf32f220adc5d44593c38f8837b417f9f0e3e39a01"]}',X'047803CF88093F54EC835BDF279437B4BD309C3F10D57BB8B8BD2BCD7C1ACA59');
INSERT INTO "entries" VALUES(4,3,2,2,'2026-11-26T00:24:42.445219Z','uid:issue','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"count":1,"kind":"series","root":"1.3.6.1.4.1.32473.1"}','{"ledger":[1,"1f64e78efcf0f2ec51d06b1842142150c92a16f4a96840d5011a9dabccb83499"],"series":[1,"66376fe4f50b9aec1258859ba473077d1cc8e817aa5dc1c72484be2854deb639"],"words":[1,"40c5e3bd6a5f269ba2fe2e288a2190fd88b06a209040615d2e043efe2c0a35ed"]}',X'F5438797A75B104230FF2AA061FDC9FBF4C83A6FC65F40832CD383D04E45617D');
INSERT INTO "entries" VALUES(5,4,3,5,'2026-11-26T00:24:42.457178Z','uid:issue','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"count":3,"kind":"instance","root":"1.3.6.1.4.1.32473.1"}','{"ledger":[3,"90f9e9fff752106338ae11d26b9d663eb1e56f0ba6730598cab9d4045e961ecb"]}',X'CC963A887F31E56D4D8F1148B4BBFCBB01CF86C3D0DF78724EAD7F544AF8FE31');
INSERT INTO "entries" VALUES(6,5,4,6,'2026-11-26T00:24:42.464933Z','uid:issue','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"count":1,"kind":"tracking","root":"1.3.6.1.4.1.32473.1"}','{"ledger":[1,"cb9567aa711785a02db89c7f3ed56a715e12ef37023bd38ff2f93b89552927f2"],"owners":[1,"9d61d3b4131b524da2fa13e85c209c05e67ef08d9f5d26abdc73fbef3fcea6d5"]}',X'92A55B3FE4FF81A36DE56C960871D82F01C540F6500C6C32DC1EF5EC1C8F64F6');
INSERT INTO "entries" VALUES(7,6,5,6,'2026-11-26T00:24:42.466620Z','uid:withdraw','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,X'17548869AD0D51C7985F02E4B2DB3BF8339E0CFB66CCF96079E104735C32C384','{"count":1}','{"notes":[1,"ca743b7f1d471406855a8e3846733ce9c7fb870e24d4ec17e7441055ebc80aba"],"uses":[1,"ec341a059cdfa915570bd9233c53f0c33ecc1fce092ef69b33ba456a1bb8715e"]}',X'00F6DEE6F05CF2ACCCFD9C4AA4F7742FF9DBFF6835D73323B0714C43D82D0A4E');
INSERT INTO "entries" VALUES(8,7,6,15,'2026-11-26T00:24:42.909595Z','object:register','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"collisions":2,"files":6,"findings":{"UID301":1,"UID303":1,"UID305":1,"UID315":1},"new":4,"not_compared":0,"repeats":0,"skipped":0,"unreadable":0}','{"content_claims":[2,"e932142ffc70386579e01f32beb7a976f01177145088a9faf9bb05618272c6f5"],"derivations":[1,"260f61fd8a830966c3ae94e58fc12c64b2d14913d3b3519c42c0c926c326a2f3"],"fingerprints":[9,"c672f131c13c52851687e10ddfedbeecd9b64ddd1f66b1d58d7a5ea7d050337b"],"ledger":[9,"dc950eb2c3dbb179100103daf8276fda40d3f915a46b967b12b4dfbd0912a192"],"patient_aliases":[3,"8096e0c9d53ca29237900dc7cbfd377a98dca99c8f9e07e4ae8c2a662ebfaae7"],"patient_claims":[5,"7fdc4f2e4f0bf53cd0ab4946cd9293178ae46f32d310631ed33c942b1459a86f"],"patients":[4,"1a9f16f47dbce34f9787f56ff3884057610629d150143ecedc91491e98b4063e"],"reference_claims":[1,"044b39fa6090d535b87f629951b664b94a0c5e4c9360c4a18c1729b08b324256"],"reference_sets":[1,"9749ebcd6bddd69599a52ec7a10a69726c4f4965afa9d1b43f7fbdc8b217ae89"],"refused_claims":[2,"73c286bdb7d41c29f0e4a9b93fb56029324c70cac3681ac467e1c3841c377826"],"series":[2,"231c196bf3e9bc344da1be95def4d0c9e26668e9fe9a64e782ab2342e75bea2d"],"series_claims":[3,"51adc09ac80f629bb6df2c2210df72e2a814ce7d9a3f84fffc98671e3f583a89"],"studies":[3,"94445302a089d1700685012213ce148d2b242c59df1c9f15ccde06964c4dac2f"],"uses":[3,"bc7ea6aa99e01f831b85c84f067f20d2e1ae8d29442d1e2004556ba8fbcfa8d3"],"words":[2,"85a670e60bb6ac957e4386b18c35284baaa08626c21d833f09db3eb9873aba87"]}',X'E25877EEF37D857964281288C5EC4C7C7ED3F56150CA9F46335F78AAB78DB3B2');
INSERT INTO "entries" VALUES(9,8,7,17,'2026-11-26T00:24:42.957023Z','object:derive','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"count":2,"modality":"SEG","root":"1.3.6.1.4.1.32473.1"}','{"derivations":[1,"1ca2b3ee7e69c684033bdde7ca745d24adf8ca30457ad5e776bc74bec1bfd2a7"],"ledger":[2,"fbc773ff9da812d7e4a412f8dc11c7d7ad9e8520c9eb958a964d9e2b919cab71"],"reference_claims":[1,"fe746eed6281fb7a2f9c0db8d65f7eb816e7590e4c35f330b9596d3f8f359a73"],"reference_sets":[1,"7b4457955817878a75e4edbba79bbcbdc0c86d0043b9d5a345e28484184ea835"],"series":[1,"994b19e14625df5b4c1b5bf30a0f887bfff6ab6ce2afff6be070347b27bf6326"],"words":[1,"dfdb3f4caa4d9a4b3a09231a7313e5208048de488839ec1ed1ebaeb7a70fb7c2"]}',X'973E9E834D6B3BC30FDD1AF6A6BC52CCF2BD6F41D39B3A7BB0BDA8828C2B39D3');
INSERT INTO "entries" VALUES(10,9,8,18,'2026-11-26T00:24:43.307901Z','object:register','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"collisions":1,"files":1,"findings":{"UID301":1,"UID303":1,"UID305":1,"UID306":1},"new":0,"not_compared":0,"repeats":0,"skipped":0,"unreadable":0}','{"fingerprints":[1,"3f8d5c44501e607f65876b1a7d57e9b6a1022d444385ef0633f827a7fba2628a"],"ledger":[1,"a53d0853b4ef8679b8a0470d385ea0c145cde78c56f3045d3abb3fad4b27c9e5"],"patient_claims":[1,"d70968c4a2430d5963b992816df0afc0bf58d5d1d248be33a7ef599096b65b56"],"patients":[1,"bb88403f2c26a39d5f24b1b2fb02a8b02dc546f5078607b7dae6444553f278f2"],"series_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}',X'AA065C28822D6089E3D9E51D63970F3492420695FBAF10CB4EDD7A37DCAEFA38');
INSERT INTO "entries" VALUES(11,10,9,19,'2026-11-26T00:24:43.667885Z','object:register','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"collisions":0,"files":1,"findings":{"UID305":1,"UID306":1},"new":1,"not_compared":0,"repeats":0,"skipped":0,"unreadable":0}','{"ledger":[1,"c823a63b458bf7acc117b3cdb71f4b9f143604edf1fa6ff8c9c82e97f87ae535"],"patient_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],"series_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}',X'012D97AFB5B3E6650B4350EBC95A7411132A40B855270A68A9440EF7DF709CBE');
INSERT INTO "entries" VALUES(12,11,10,19,'2026-11-26T00:24:43.833859Z','object:register','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"collisions":1,"files":1,"findings":{"UID301":1,"UID305":1,"UID306":1},"new":0,"not_compared":0,"repeats":0,"skipped":0,"unreadable":0}','{"content_claims":[1,"b929b4910584380a9237b2eb9274fa4a4e59ae3cd663fccd3e2d45fbca1f44e2"],"patient_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],"series_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}',X'E52145FFB16551E7BAFB5F48756083C079983D8D886C5B8773A7632CA2303D36');
INSERT INTO "entries" VALUES(13,12,11,20,'2026-11-26T00:24:44.005871Z','object:register','done','tester','workstation','dicom-uid-registry 0.1.0',NULL,NULL,'{"collisions":1,"files":1,"findings":{"UID305":1},"new":0,"not_compared":0,"repeats":0,"skipped":0,"unreadable":0}','{"ledger":[1,"921775a56889b2cdad30d8eb1e92ca1b1e9697321329ccece347da4958bd5bae"],"patient_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],"refused_claims":[1,"a4ad28f4d81d747f2d9f218a8863fa87287d13489ae8006ade252d4dc511c2ec"],"series_claims":[0,"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}',X'A8BF27DA273CB52CC0C31048614689ABBB2A8092A390EDD37A6A41FBEEABCA76');
CREATE TABLE findings (
	code VARCHAR(8) NOT NULL, 
	uid TEXT NOT NULL, 
	counterpart TEXT NOT NULL, 
	severity SMALLINT NOT NULL, 
	kind SMALLINT, 
	message TEXT NOT NULL, 
	related TEXT NOT NULL, 
	first_entry INTEGER NOT NULL, 
	last_entry INTEGER NOT NULL, 
	seen INTEGER NOT NULL, 
	cleared_entry INTEGER, 
	CONSTRAINT pk_findings PRIMARY KEY (code, uid, counterpart), 
	CONSTRAINT ck_findings_severity CHECK (severity BETWEEN 1 AND 3)
);
INSERT INTO "findings" VALUES('UID301','1.2.3.4.1','',3,3,'stands for 2 different contents','[]',8,10,2,NULL);
INSERT INTO "findings" VALUES('UID303','1.2.3.4.1','',3,3,'is in 2 studies: 1.2.3 and 1.2.9','["1.2.3", "1.2.9"]',8,10,2,NULL);
INSERT INTO "findings" VALUES('UID305','1.2.3.4','',3,2,'is in 2 studies: 1.2.3 and 1.2.9','["1.2.3", "1.2.9"]',8,13,5,NULL);
INSERT INTO "findings" VALUES('UID315','1.2.3.4.1','',1,3,'same content, other attributes than before','[]',8,8,1,NULL);
INSERT INTO "findings" VALUES('UID306','1.2.3','',3,1,'belongs to two patients whose IDs can''t be the same','[]',10,12,3,NULL);
INSERT INTO "findings" VALUES('UID301','1.2.3.4.3','',3,3,'stands for 2 different contents','[]',12,12,1,NULL);
CREATE TABLE fingerprints (
	subject BLOB NOT NULL, 
	level SMALLINT NOT NULL, 
	variant BLOB NOT NULL, 
	version SMALLINT NOT NULL, 
	attributes BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_fingerprints PRIMARY KEY (subject, level, variant), 
	CONSTRAINT fk_fingerprints_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "fingerprints" VALUES(X'1A2A3A4F',3,X'D5752786CB770112',1,X'2A0100000000007582764971424505',8);
INSERT INTO "fingerprints" VALUES(X'1A2A3F',2,X'5AEC52265EFE51D2',1,X'210000000000',8);
INSERT INTO "fingerprints" VALUES(X'1A2A826A0A99A1',2,X'FB546EF4A01AF0ED',1,X'210F5000000033E1D38AA8CE11FD96C02E9B43DA7C23D3BFFF44133F18585F145921F69EF21193EA03D8BA3D2D808D4D7DB9DF9C1469',8);
INSERT INTO "fingerprints" VALUES(X'1A2A826A0A99A1A1',3,X'13F5C49BF6094B10',1,X'2A03028019820396A171523474A45BC29CEAD16464CF5535F16576FAFA6C08340C1754C9ED7FF2B557DFAED6EA14120855930FB8019FFFED4E8FCB008177969F8F1C914BCFEEDFC39AEF6A193F4E07D59D2402CF2EBB0559BEEF928A2E06E5',8);
INSERT INTO "fingerprints" VALUES(X'1A2A9F',2,X'5AEC52265EFE51D2',1,X'210000000000',8);
INSERT INTO "fingerprints" VALUES(X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',2,X'5AEC52265EFE51D2',1,X'210000000000',8);
INSERT INTO "fingerprints" VALUES(X'1A3A6A1A4A1A32473A1A754411889457969754183746358215398440874F',3,X'EB3C5C59EFFCC7BF',1,X'2A010000000000C39F357F1E7494E9',8);
INSERT INTO "fingerprints" VALUES(X'4E0367B7618A3659145C2B322593038E',1,X'B7A96BA1B0DFE3DD',1,X'1F00000000',10);
INSERT INTO "fingerprints" VALUES(X'D3793C263CD7F996EF4B90BFFB5B2390',1,X'6E27822607143371',1,X'1F410000008DDEC6881EF71C1BB02B76A2042D1607',8);
INSERT INTO "fingerprints" VALUES(X'D3793C263CD7F996EF4B90BFFB5B2390',1,X'B7A96BA1B0DFE3DD',1,X'1F00000000',8);
CREATE TABLE ledger (
	entry INTEGER NOT NULL, 
	series_id INTEGER, 
	kind SMALLINT NOT NULL, 
	origin SMALLINT NOT NULL, 
	sop_class_id INTEGER, 
	transfer_syntax_id INTEGER, 
	uid BLOB NOT NULL, 
	content BLOB, 
	data_set BLOB, 
	CONSTRAINT pk_ledger PRIMARY KEY (uid), 
	CONSTRAINT ck_ledger_uid_type CHECK (typeof(uid) = 'blob'), 
	CONSTRAINT fk_ledger_series_id FOREIGN KEY(series_id) REFERENCES series (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_ledger_content_kind CHECK ((content IS NULL AND sop_class_id IS NULL) OR kind = 3), 
	CONSTRAINT ck_ledger_content CHECK (content IS NULL OR length(content) = 16), 
	CONSTRAINT ck_ledger_data_set CHECK (data_set IS NULL OR (content IS NOT NULL AND length(data_set) = 16)), 
	CONSTRAINT ck_ledger_kind CHECK (kind BETWEEN 1 AND 13), 
	CONSTRAINT ck_ledger_uid CHECK (length(uid) BETWEEN 2 AND 32), 
	CONSTRAINT ck_ledger_origin CHECK (origin BETWEEN 1 AND 3), 
	CONSTRAINT ck_ledger_parent CHECK (series_id IS NOT NULL OR kind <> 3 OR origin = 2), 
	CONSTRAINT ck_ledger_parent_kind CHECK (series_id IS NULL OR kind = 3), 
	CONSTRAINT fk_ledger_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_ledger_sop_class_id FOREIGN KEY(sop_class_id) REFERENCES words (id), 
	CONSTRAINT fk_ledger_transfer_syntax_id FOREIGN KEY(transfer_syntax_id) REFERENCES words (id)
);
INSERT INTO "ledger" VALUES(3,NULL,1,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',NULL,NULL);
INSERT INTO "ledger" VALUES(4,NULL,2,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A754411889457969754183746358215398440874F',NULL,NULL);
INSERT INTO "ledger" VALUES(5,1,3,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A343418021899622509235821820114407055097F',NULL,NULL);
INSERT INTO "ledger" VALUES(5,1,3,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A839220967091343009779665871246260635949F',NULL,NULL);
INSERT INTO "ledger" VALUES(5,1,3,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A986044598595268836977141847229171804725F',NULL,NULL);
INSERT INTO "ledger" VALUES(6,NULL,6,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A139796443461773917552234984061946717274F',NULL,NULL);
INSERT INTO "ledger" VALUES(8,2,3,2,3,2,X'1A2A3A4A1F',X'DB2DD2B62E06D390BB2C7F7647833F79',X'230CD69B0C1E56878456D020C874F640');
INSERT INTO "ledger" VALUES(8,NULL,2,2,NULL,NULL,X'1A2A3A4F',NULL,NULL);
INSERT INTO "ledger" VALUES(8,NULL,1,2,NULL,NULL,X'1A2A3F',NULL,NULL);
INSERT INTO "ledger" VALUES(8,NULL,1,2,NULL,NULL,X'1A2A826A0A99A1',NULL,NULL);
INSERT INTO "ledger" VALUES(8,NULL,2,2,NULL,NULL,X'1A2A826A0A99A1A1',NULL,NULL);
INSERT INTO "ledger" VALUES(8,3,3,2,3,2,X'1A2A826A0A99A1A1A1',X'37291FE1CF1AEEB29BBFC00B762C34E6',X'880A593CD585BDABBEA2CB7A77C7D3D6');
INSERT INTO "ledger" VALUES(8,3,3,2,3,2,X'1A2A826A0A99A1A1A2',X'B3E3AF810566E7B5AAD17C6F993DC4F8',X'B931570C40E835F656904A60EC4BBB17');
INSERT INTO "ledger" VALUES(8,NULL,4,2,NULL,NULL,X'1A2A826A0A99A1A9',NULL,NULL);
INSERT INTO "ledger" VALUES(8,NULL,1,2,NULL,NULL,X'1A2A9F',NULL,NULL);
INSERT INTO "ledger" VALUES(9,NULL,2,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A141818082234785828267474065468129510477F',NULL,NULL);
INSERT INTO "ledger" VALUES(9,4,3,1,NULL,NULL,X'1A3A6A1A4A1A32473A1A129406750317227716624238813554713475180F',NULL,NULL);
INSERT INTO "ledger" VALUES(10,2,3,2,3,2,X'1A2A3A4A2F',X'DB2DD2B62E06D390BB2C7F7647833F79',X'35440C5ABF05D0F6E6417E2EF5CC6D1E');
INSERT INTO "ledger" VALUES(11,2,3,2,3,2,X'1A2A3A4A3F',X'4D02F18B20B1D62DAF176F5291CDEEA9',X'C2BDDA9E1E2C548B3906E6F4106523E1');
INSERT INTO "ledger" VALUES(13,NULL,3,2,3,2,X'1A2A3A4A4F',X'DB2DD2B62E06D390BB2C7F7647833F79',X'1790C89AC3B18DC43FCEFB1502DA5A18');
CREATE TABLE notes (
	entry INTEGER NOT NULL, 
	salt BLOB NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (entry), 
	CONSTRAINT fk_notes_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "notes" VALUES(3,X'EC930F35A058A3907D17729AEBF4E6F3','trial');
INSERT INTO "notes" VALUES(7,X'2950C9AAB09BAD78B36DB20CED367574','wrong contours');
CREATE TABLE owners (
	uid BLOB NOT NULL, 
	study_uid BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_owners PRIMARY KEY (uid), 
	CONSTRAINT fk_owners_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_owners_uid FOREIGN KEY(uid) REFERENCES ledger (uid)
)
 WITHOUT ROWID

;
INSERT INTO "owners" VALUES(X'1A3A6A1A4A1A32473A1A139796443461773917552234984061946717274F',X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',6);
CREATE TABLE patient_aliases (
	patient_id INTEGER NOT NULL, 
	other_id INTEGER NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_patient_aliases PRIMARY KEY (patient_id, other_id), 
	CONSTRAINT ck_patient_aliases_order CHECK (patient_id < other_id), 
	CONSTRAINT fk_patient_aliases_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_patient_aliases_other_id FOREIGN KEY(other_id) REFERENCES patients (id), 
	CONSTRAINT fk_patient_aliases_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id)
)
 WITHOUT ROWID

;
INSERT INTO "patient_aliases" VALUES(1,4,8);
INSERT INTO "patient_aliases" VALUES(2,4,8);
INSERT INTO "patient_aliases" VALUES(3,4,8);
CREATE TABLE patient_claims (
	uid BLOB NOT NULL, 
	patient_id INTEGER NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_patient_claims PRIMARY KEY (uid, patient_id), 
	CONSTRAINT fk_patient_claims_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_patient_claims_patient_id FOREIGN KEY(patient_id) REFERENCES patients (id)
)
 WITHOUT ROWID

;
INSERT INTO "patient_claims" VALUES(X'1A2A3F',4,8);
INSERT INTO "patient_claims" VALUES(X'1A2A826A0A99A1',4,8);
INSERT INTO "patient_claims" VALUES(X'1A2A826A0A99A1A9',4,8);
INSERT INTO "patient_claims" VALUES(X'1A2A9F',4,8);
INSERT INTO "patient_claims" VALUES(X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',4,8);
INSERT INTO "patient_claims" VALUES(X'1A2A3F',5,10);
CREATE TABLE patients (
	id INTEGER NOT NULL, 
	token BLOB NOT NULL, 
	issuer BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_patients PRIMARY KEY (id), 
	CONSTRAINT fk_patients_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_patients_token_issuer UNIQUE (token, issuer)
)
 WITHOUT ROWID

;
INSERT INTO "patients" VALUES(1,X'0068DAB9D1E768C4AFDB9CC2CB7FFB2C',X'',8);
INSERT INTO "patients" VALUES(2,X'4427EE40A5FB3602DA0645EE8F428343',X'',8);
INSERT INTO "patients" VALUES(3,X'A0152D13D705B1B32C1E547728D49FC1',X'',8);
INSERT INTO "patients" VALUES(4,X'D3793C263CD7F996EF4B90BFFB5B2390',X'',8);
INSERT INTO "patients" VALUES(5,X'4E0367B7618A3659145C2B322593038E',X'',10);
CREATE TABLE pending_references (
	target_uid BLOB NOT NULL, 
	set_id INTEGER NOT NULL, 
	CONSTRAINT pk_pending_references PRIMARY KEY (target_uid, set_id), 
	CONSTRAINT fk_pending_references_set_id FOREIGN KEY(set_id) REFERENCES reference_sets (id)
)
 WITHOUT ROWID

;
CREATE TABLE reference_claims (
	uid BLOB NOT NULL, 
	set_id INTEGER NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_reference_claims PRIMARY KEY (uid, set_id), 
	CONSTRAINT fk_reference_claims_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_reference_claims_set_id FOREIGN KEY(set_id) REFERENCES reference_sets (id)
)
 WITHOUT ROWID

;
INSERT INTO "reference_claims" VALUES(X'1A2A3A4A1F',1,8);
INSERT INTO "reference_claims" VALUES(X'1A3A6A1A4A1A32473A1A141818082234785828267474065468129510477F',2,9);
CREATE TABLE reference_sets (
	id INTEGER NOT NULL, 
	digest BLOB NOT NULL, 
	body BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_reference_sets PRIMARY KEY (id), 
	CONSTRAINT fk_reference_sets_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_reference_sets_digest UNIQUE (digest)
)
 WITHOUT ROWID

;
INSERT INTO "reference_sets" VALUES(1,X'D2CA88A8C3DAC18FDEC25F7200880D09',X'789C8B8E36D45132D433D2B33031D033343030B0D033D533D4330162A0A8928E120481551899E919E8595A82A50C95626301634F0BA0',8);
INSERT INTO "reference_sets" VALUES(2,X'34C4FE62A8F614FE32D46D33A1E309C6',X'789C8B8E36D45132D433D2B33031D033343030B0D033D533D4330162A0A81254CEC84CCF40CFD21224882184450D503036160019A91177',9);
CREATE TABLE refused_claims (
	uid BLOB NOT NULL, 
	claim BLOB NOT NULL, 
	kind SMALLINT NOT NULL, 
	series_uid BLOB, 
	study_uid BLOB, 
	sop_class_id INTEGER, 
	modality_id INTEGER, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_refused_claims PRIMARY KEY (uid, claim), 
	CONSTRAINT ck_refused_claims_kind CHECK (kind BETWEEN 1 AND 13), 
	CONSTRAINT fk_refused_claims_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_refused_claims_modality_id FOREIGN KEY(modality_id) REFERENCES words (id), 
	CONSTRAINT fk_refused_claims_sop_class_id FOREIGN KEY(sop_class_id) REFERENCES words (id)
)
 WITHOUT ROWID

;
INSERT INTO "refused_claims" VALUES(X'1A2A3A4A1F',X'B4246316E2D14520BA354DB8920BB83E',3,X'1A2A3A4F',X'1A2A9F',3,NULL,8);
INSERT INTO "refused_claims" VALUES(X'1A2A3A4A4F',X'E9547D14C9F329C9F8A54004E217EF82',3,X'1A2A3A4F',X'1A2A9F',3,NULL,13);
INSERT INTO "refused_claims" VALUES(X'1A2A3A4F',X'F803D9D30A035A3CE1FB529F36686D39',2,NULL,X'1A2A9F',NULL,1,8);
CREATE TABLE registry (
	id SMALLINT NOT NULL, 
	origin VARCHAR(80) NOT NULL, 
	key_id VARCHAR(16) NOT NULL, 
	key_check BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_registry PRIMARY KEY (id), 
	CONSTRAINT ck_registry_single CHECK (id = 1), 
	CONSTRAINT fk_registry_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "registry" VALUES(1,'dicom-uid-registry/db9a37d448a0','5c82cf22',X'F20FF426B5486D3D',1);
CREATE TABLE requests (
	request_id VARCHAR(64) NOT NULL, 
	digest BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (request_id), 
	CONSTRAINT fk_requests_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "requests" VALUES('r1',X'960F85C4129489E2BAE73120F229BF9F',3);
CREATE TABLE resume_marks (
	run BLOB NOT NULL, 
	mark BLOB NOT NULL, 
	CONSTRAINT pk_resume_marks PRIMARY KEY (run, mark)
)
 WITHOUT ROWID

;
CREATE TABLE roots (
	prefix TEXT NOT NULL, 
	entry INTEGER NOT NULL, 
	policy VARCHAR(12) NOT NULL, 
	organization TEXT, 
	minter TEXT, 
	enforced_from VARCHAR(27), 
	retired SMALLINT NOT NULL, 
	CONSTRAINT pk_roots PRIMARY KEY (prefix, entry), 
	CONSTRAINT ck_roots_policy CHECK (policy IN ('production', 'delegated', 'research')), 
	CONSTRAINT ck_roots_retired CHECK (retired IN (0, 1)), 
	CONSTRAINT fk_roots_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "roots" VALUES('1.3.6.1.4.1.32473.1',2,'production','Example Hospital',NULL,'2026-11-26T00:24:42.294687Z',0);
CREATE TABLE series (
	id INTEGER NOT NULL, 
	uid BLOB NOT NULL, 
	study_id INTEGER, 
	origin SMALLINT NOT NULL, 
	modality_id INTEGER, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_series PRIMARY KEY (id), 
	CONSTRAINT ck_series_parent CHECK (study_id IS NOT NULL OR origin = 2), 
	CONSTRAINT fk_series_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_series_modality_id FOREIGN KEY(modality_id) REFERENCES words (id), 
	CONSTRAINT fk_series_study_id FOREIGN KEY(study_id) REFERENCES studies (id), 
	CONSTRAINT fk_series_uid FOREIGN KEY(uid) REFERENCES ledger (uid), 
	CONSTRAINT uq_series_uid UNIQUE (uid)
);
INSERT INTO "series" VALUES(1,X'1A3A6A1A4A1A32473A1A754411889457969754183746358215398440874F',1,1,1,4);
INSERT INTO "series" VALUES(2,X'1A2A3A4F',2,2,1,8);
INSERT INTO "series" VALUES(3,X'1A2A826A0A99A1A1',4,2,1,8);
INSERT INTO "series" VALUES(4,X'1A3A6A1A4A1A32473A1A141818082234785828267474065468129510477F',4,1,4,9);
CREATE TABLE series_claims (
	series_uid BLOB NOT NULL, 
	sop_class_id INTEGER NOT NULL, 
	modality_id INTEGER NOT NULL, 
	frame_of_reference_uid BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_series_claims PRIMARY KEY (series_uid, sop_class_id, modality_id, frame_of_reference_uid), 
	CONSTRAINT fk_series_claims_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED
)
 WITHOUT ROWID

;
INSERT INTO "series_claims" VALUES(X'1A2A3A4F',3,1,X'',8);
INSERT INTO "series_claims" VALUES(X'1A2A826A0A99A1A1',3,1,X'1A2A826A0A99A1A9',8);
INSERT INTO "series_claims" VALUES(X'1A3A6A1A4A1A32473A1A754411889457969754183746358215398440874F',3,1,X'',8);
CREATE TABLE studies (
	id INTEGER NOT NULL, 
	uid BLOB NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_studies PRIMARY KEY (id), 
	CONSTRAINT fk_studies_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_studies_uid FOREIGN KEY(uid) REFERENCES ledger (uid), 
	CONSTRAINT uq_studies_uid UNIQUE (uid)
);
INSERT INTO "studies" VALUES(1,X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',3);
INSERT INTO "studies" VALUES(2,X'1A2A3F',8);
INSERT INTO "studies" VALUES(3,X'1A2A9F',8);
INSERT INTO "studies" VALUES(4,X'1A2A826A0A99A1',8);
CREATE TABLE uses (
	uid BLOB NOT NULL, 
	state SMALLINT NOT NULL, 
	sop_class_id INTEGER, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_uses PRIMARY KEY (uid, state), 
	CONSTRAINT ck_uses_state CHECK (state BETWEEN 1 AND 3), 
	CONSTRAINT fk_uses_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_uses_sop_class_id FOREIGN KEY(sop_class_id) REFERENCES words (id), 
	CONSTRAINT fk_uses_uid FOREIGN KEY(uid) REFERENCES ledger (uid)
)
 WITHOUT ROWID

;
INSERT INTO "uses" VALUES(X'1A3A6A1A4A1A32473A1A235591270082418878493777175385166544060F',1,NULL,8);
INSERT INTO "uses" VALUES(X'1A3A6A1A4A1A32473A1A343418021899622509235821820114407055097F',3,NULL,7);
INSERT INTO "uses" VALUES(X'1A3A6A1A4A1A32473A1A754411889457969754183746358215398440874F',1,NULL,8);
INSERT INTO "uses" VALUES(X'1A3A6A1A4A1A32473A1A839220967091343009779665871246260635949F',1,3,8);
CREATE TABLE words (
	id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	entry INTEGER NOT NULL, 
	CONSTRAINT pk_words PRIMARY KEY (id), 
	CONSTRAINT fk_words_entry FOREIGN KEY(entry) REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_words_value UNIQUE (value)
)
 WITHOUT ROWID

;
INSERT INTO "words" VALUES(1,'CT',4);
INSERT INTO "words" VALUES(2,'1.2.840.10008.1.2.1',8);
INSERT INTO "words" VALUES(3,'1.2.840.10008.5.1.4.1.1.2',8);
INSERT INTO "words" VALUES(4,'SEG',9);
CREATE INDEX ix_findings_uid ON findings (uid);
CREATE INDEX ix_fingerprints_entry ON fingerprints (entry);
CREATE INDEX ix_patients_entry ON patients (entry);
CREATE INDEX ix_reference_sets_entry ON reference_sets (entry);
CREATE INDEX ix_registry_entry ON registry (entry);
CREATE INDEX ix_requests_entry ON requests (entry);
CREATE INDEX ix_roots_entry ON roots (entry);
CREATE INDEX ix_series_claims_entry ON series_claims (entry);
CREATE INDEX ix_words_entry ON words (entry);
CREATE INDEX ix_content_claims_entry ON content_claims (entry);
CREATE INDEX ix_derivations_entry ON derivations (entry);
CREATE INDEX ix_derivations_source_series_uid ON derivations (source_series_uid);
CREATE INDEX ix_ledger_entry ON ledger (entry);
CREATE INDEX ix_ledger_series_id ON ledger (series_id) WHERE series_id IS NOT NULL;
CREATE INDEX ix_patient_aliases_entry ON patient_aliases (entry);
CREATE INDEX ix_patient_aliases_other_id ON patient_aliases (other_id);
CREATE INDEX ix_patient_claims_entry ON patient_claims (entry);
CREATE INDEX ix_patient_claims_patient_id ON patient_claims (patient_id);
CREATE INDEX ix_reference_claims_entry ON reference_claims (entry);
CREATE INDEX ix_reference_claims_set_id ON reference_claims (set_id);
CREATE INDEX ix_refused_claims_entry ON refused_claims (entry);
CREATE INDEX ix_owners_entry ON owners (entry);
CREATE INDEX ix_studies_entry ON studies (entry);
CREATE INDEX ix_uses_entry ON uses (entry);
CREATE INDEX ix_series_entry ON series (entry);
CREATE INDEX ix_series_study_id ON series (study_id);
CREATE TRIGGER tr_entries_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'tr_entries_update'); END;
CREATE TRIGGER tr_entries_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'tr_entries_delete'); END;
CREATE TRIGGER tr_content_claims_update BEFORE UPDATE ON content_claims BEGIN SELECT RAISE(ABORT, 'tr_content_claims_update'); END;
CREATE TRIGGER tr_content_claims_delete BEFORE DELETE ON content_claims BEGIN SELECT RAISE(ABORT, 'tr_content_claims_delete'); END;
CREATE TRIGGER tr_derivations_update BEFORE UPDATE ON derivations BEGIN SELECT RAISE(ABORT, 'tr_derivations_update'); END;
CREATE TRIGGER tr_derivations_delete BEFORE DELETE ON derivations BEGIN SELECT RAISE(ABORT, 'tr_derivations_delete'); END;
CREATE TRIGGER tr_fingerprints_update BEFORE UPDATE ON fingerprints BEGIN SELECT RAISE(ABORT, 'tr_fingerprints_update'); END;
CREATE TRIGGER tr_fingerprints_delete BEFORE DELETE ON fingerprints BEGIN SELECT RAISE(ABORT, 'tr_fingerprints_delete'); END;
CREATE TRIGGER tr_ledger_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'tr_ledger_update'); END;
CREATE TRIGGER tr_ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'tr_ledger_delete'); END;
CREATE TRIGGER tr_notes_update BEFORE UPDATE ON notes BEGIN SELECT RAISE(ABORT, 'tr_notes_update'); END;
CREATE TRIGGER tr_notes_delete BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'tr_notes_delete'); END;
CREATE TRIGGER tr_owners_update BEFORE UPDATE ON owners BEGIN SELECT RAISE(ABORT, 'tr_owners_update'); END;
CREATE TRIGGER tr_owners_delete BEFORE DELETE ON owners BEGIN SELECT RAISE(ABORT, 'tr_owners_delete'); END;
CREATE TRIGGER tr_patient_aliases_update BEFORE UPDATE ON patient_aliases BEGIN SELECT RAISE(ABORT, 'tr_patient_aliases_update'); END;
CREATE TRIGGER tr_patient_aliases_delete BEFORE DELETE ON patient_aliases BEGIN SELECT RAISE(ABORT, 'tr_patient_aliases_delete'); END;
CREATE TRIGGER tr_patient_claims_update BEFORE UPDATE ON patient_claims BEGIN SELECT RAISE(ABORT, 'tr_patient_claims_update'); END;
CREATE TRIGGER tr_patient_claims_delete BEFORE DELETE ON patient_claims BEGIN SELECT RAISE(ABORT, 'tr_patient_claims_delete'); END;
CREATE TRIGGER tr_patients_update BEFORE UPDATE ON patients BEGIN SELECT RAISE(ABORT, 'tr_patients_update'); END;
CREATE TRIGGER tr_patients_delete BEFORE DELETE ON patients BEGIN SELECT RAISE(ABORT, 'tr_patients_delete'); END;
CREATE TRIGGER tr_reference_claims_update BEFORE UPDATE ON reference_claims BEGIN SELECT RAISE(ABORT, 'tr_reference_claims_update'); END;
CREATE TRIGGER tr_reference_claims_delete BEFORE DELETE ON reference_claims BEGIN SELECT RAISE(ABORT, 'tr_reference_claims_delete'); END;
CREATE TRIGGER tr_reference_sets_update BEFORE UPDATE ON reference_sets BEGIN SELECT RAISE(ABORT, 'tr_reference_sets_update'); END;
CREATE TRIGGER tr_reference_sets_delete BEFORE DELETE ON reference_sets BEGIN SELECT RAISE(ABORT, 'tr_reference_sets_delete'); END;
CREATE TRIGGER tr_refused_claims_update BEFORE UPDATE ON refused_claims BEGIN SELECT RAISE(ABORT, 'tr_refused_claims_update'); END;
CREATE TRIGGER tr_refused_claims_delete BEFORE DELETE ON refused_claims BEGIN SELECT RAISE(ABORT, 'tr_refused_claims_delete'); END;
CREATE TRIGGER tr_registry_update BEFORE UPDATE ON registry BEGIN SELECT RAISE(ABORT, 'tr_registry_update'); END;
CREATE TRIGGER tr_registry_delete BEFORE DELETE ON registry BEGIN SELECT RAISE(ABORT, 'tr_registry_delete'); END;
CREATE TRIGGER tr_requests_update BEFORE UPDATE ON requests BEGIN SELECT RAISE(ABORT, 'tr_requests_update'); END;
CREATE TRIGGER tr_requests_delete BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'tr_requests_delete'); END;
CREATE TRIGGER tr_roots_update BEFORE UPDATE ON roots BEGIN SELECT RAISE(ABORT, 'tr_roots_update'); END;
CREATE TRIGGER tr_roots_delete BEFORE DELETE ON roots BEGIN SELECT RAISE(ABORT, 'tr_roots_delete'); END;
CREATE TRIGGER tr_series_update BEFORE UPDATE ON series BEGIN SELECT RAISE(ABORT, 'tr_series_update'); END;
CREATE TRIGGER tr_series_delete BEFORE DELETE ON series BEGIN SELECT RAISE(ABORT, 'tr_series_delete'); END;
CREATE TRIGGER tr_series_claims_update BEFORE UPDATE ON series_claims BEGIN SELECT RAISE(ABORT, 'tr_series_claims_update'); END;
CREATE TRIGGER tr_series_claims_delete BEFORE DELETE ON series_claims BEGIN SELECT RAISE(ABORT, 'tr_series_claims_delete'); END;
CREATE TRIGGER tr_studies_update BEFORE UPDATE ON studies BEGIN SELECT RAISE(ABORT, 'tr_studies_update'); END;
CREATE TRIGGER tr_studies_delete BEFORE DELETE ON studies BEGIN SELECT RAISE(ABORT, 'tr_studies_delete'); END;
CREATE TRIGGER tr_uses_update BEFORE UPDATE ON uses BEGIN SELECT RAISE(ABORT, 'tr_uses_update'); END;
CREATE TRIGGER tr_uses_delete BEFORE DELETE ON uses BEGIN SELECT RAISE(ABORT, 'tr_uses_delete'); END;
CREATE TRIGGER tr_words_update BEFORE UPDATE ON words BEGIN SELECT RAISE(ABORT, 'tr_words_update'); END;
CREATE TRIGGER tr_words_delete BEFORE DELETE ON words BEGIN SELECT RAISE(ABORT, 'tr_words_delete'); END;
CREATE TRIGGER tr_content_claims_sealed BEFORE INSERT ON content_claims WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_content_claims_sealed'); END;
CREATE TRIGGER tr_derivations_sealed BEFORE INSERT ON derivations WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_derivations_sealed'); END;
CREATE TRIGGER tr_fingerprints_sealed BEFORE INSERT ON fingerprints WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_fingerprints_sealed'); END;
CREATE TRIGGER tr_ledger_sealed BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_ledger_sealed'); END;
CREATE TRIGGER tr_notes_sealed BEFORE INSERT ON notes WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_notes_sealed'); END;
CREATE TRIGGER tr_owners_sealed BEFORE INSERT ON owners WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_owners_sealed'); END;
CREATE TRIGGER tr_patient_aliases_sealed BEFORE INSERT ON patient_aliases WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_patient_aliases_sealed'); END;
CREATE TRIGGER tr_patient_claims_sealed BEFORE INSERT ON patient_claims WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_patient_claims_sealed'); END;
CREATE TRIGGER tr_patients_sealed BEFORE INSERT ON patients WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_patients_sealed'); END;
CREATE TRIGGER tr_reference_claims_sealed BEFORE INSERT ON reference_claims WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_reference_claims_sealed'); END;
CREATE TRIGGER tr_reference_sets_sealed BEFORE INSERT ON reference_sets WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_reference_sets_sealed'); END;
CREATE TRIGGER tr_refused_claims_sealed BEFORE INSERT ON refused_claims WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_refused_claims_sealed'); END;
CREATE TRIGGER tr_registry_sealed BEFORE INSERT ON registry WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_registry_sealed'); END;
CREATE TRIGGER tr_requests_sealed BEFORE INSERT ON requests WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_requests_sealed'); END;
CREATE TRIGGER tr_roots_sealed BEFORE INSERT ON roots WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_roots_sealed'); END;
CREATE TRIGGER tr_series_sealed BEFORE INSERT ON series WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_series_sealed'); END;
CREATE TRIGGER tr_series_claims_sealed BEFORE INSERT ON series_claims WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_series_claims_sealed'); END;
CREATE TRIGGER tr_studies_sealed BEFORE INSERT ON studies WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_studies_sealed'); END;
CREATE TRIGGER tr_uses_sealed BEFORE INSERT ON uses WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_uses_sealed'); END;
CREATE TRIGGER tr_words_sealed BEFORE INSERT ON words WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry) BEGIN SELECT RAISE(ABORT, 'tr_words_sealed'); END;
CREATE TRIGGER tr_studies_kind BEFORE INSERT ON studies WHEN NOT EXISTS (SELECT 1 FROM ledger l WHERE l.uid = NEW.uid AND l.kind = 1) BEGIN SELECT RAISE(ABORT, 'tr_studies_kind'); END;
CREATE TRIGGER tr_series_kind BEFORE INSERT ON series WHEN NOT EXISTS (SELECT 1 FROM ledger l WHERE l.uid = NEW.uid AND l.kind = 2 AND l.origin = NEW.origin) BEGIN SELECT RAISE(ABORT, 'tr_series_kind'); END;
CREATE TRIGGER tr_entries_nodes BEFORE INSERT ON entries WHEN EXISTS (
    SELECT 1 FROM ledger l WHERE l.entry = NEW.id AND (
        (l.kind = 1 AND NOT EXISTS (SELECT 1 FROM studies s WHERE s.uid = l.uid))
        OR (l.kind = 2 AND NOT EXISTS (SELECT 1 FROM series s WHERE s.uid = l.uid))
    )) BEGIN SELECT RAISE(ABORT, 'tr_entries_nodes'); END;
CREATE VIEW uids AS SELECT replace(rtrim(hex(uid), 'F'), 'A', '.') AS uid, kind, origin, entry FROM ledger;
COMMIT;
